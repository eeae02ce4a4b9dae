# The guided capture: steps and commands.

capture-guide-title = Guided capture: record what the connector does when it starts
capture-guide-what = The recording shows which connections the service tries, through which proxy, and what answers. It holds addresses, host names and certificates, and no content of TLS. It stays on this machine; this page reads it without sending it.
capture-guide-tool-pktmon = pktmon (Windows Server 2022 and later, nothing to install)
capture-guide-tool-netsh = netsh trace (Windows Server 2012 R2 and later, nothing to install)
capture-guide-tool-wireshark = Wireshark (has to be installed)
capture-guide-step-admin = Open PowerShell as administrator on the connector machine.
capture-guide-step-stop = Stop the connector’s service:
capture-guide-step-start-capture = Start the recording:
capture-guide-step-start = Start the service, and wait two minutes:
capture-guide-step-stop-capture = Stop the recording, and make it a file that can be read here:
capture-guide-step-convert-netsh = netsh writes an .etl file. Make it a .pcapng file with Microsoft’s etl2pcapng (github.com/microsoft/etl2pcapng), which is one program without an installer:
capture-guide-step-drop = Drop the .pcapng file on this page.
capture-guide-wireshark-start = In Wireshark, choose the network adapter, type this capture filter, and press the blue fin. With a proxy on another port, add it.
capture-guide-wireshark-stop = Press the red square, and save as .pcapng.
capture-guide-pktmon-note = The pktmon of Windows Server 2019 knows other words and writes no .pcapng; use netsh trace there.
capture-guide-step-stop-netsh = Stop the recording; this takes a minute:
capture-guide-updater = For the updater, do the same with WAPCUpdaterSvc.
