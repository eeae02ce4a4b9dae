# What an organisation adds to the page, and what a frame keeps from it.

site-title = Help at { $organisation }
site-title-nobody = Help in your organisation
site-step = { $organisation }:
tables-folded = Everything that was tested

frame-title = What is kept from this page
frame-sandboxed = The page around has put this one into a sandbox without allow-same-origin: a site file beside this page and results kept in the browser are out of reach. Whoever runs the page around adds allow-same-origin to the frame’s sandbox, and allow-downloads and allow-popups for saving and for links.
frame-no-local-network = This frame may not reach private addresses, and the checks of such addresses fail for that reason. Whoever runs the page around adds allow="local-network; loopback-network; local-network-access" to the frame, and sends no Permissions-Policy that takes it away.
frame-no-origins = The page around asked for messages (embed=1), but this page knows of nobody it may talk to, so no results and no height are sent. Whoever hosts this page lists the origin of the page around under embed-origins in connector-check.site.json.
frame-untrusted = The page around is of { $origin }, which this page was not told to trust, so no results and no height are sent. Whoever hosts this page lists that origin under embed-origins in connector-check.site.json.
frame-no-storage = This browser lets the page keep nothing. The test works all the same; the page cannot be used offline. To change it, allow site data (cookies) for this page in the browser’s settings.
