//! The catalogues on offer: built in, and in a link.

use connector_check_diagnosis::catalogue::{Catalogue, CatalogueError};

/// The catalogues that every build carries; the first is the default.
pub const BUILT_IN: &[&str] = &[
    include_str!("../catalogues/entra-connector.json"),
    include_str!("../catalogues/classic-connector.json"),
    include_str!("../catalogues/us-government.json"),
];

/// Reads the built-in catalogues. A broken one is left out; a test makes sure that there is none.
pub fn built_in() -> Vec<Catalogue> {
    BUILT_IN.iter().filter_map(|text| Catalogue::parse(text).ok()).collect()
}

/// Reads a catalogue out of a link's `#catalogue=` value: base64url of its JSON, padded or not.
pub fn from_link(value: &str) -> Result<Catalogue, CatalogueError> {
    use base64::Engine as _;
    use base64::alphabet::URL_SAFE;
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let part = |message: String| CatalogueError::Part { place: "#catalogue=".to_owned(), message };
    let bytes = GeneralPurpose::new(&URL_SAFE, config)
        .decode(value)
        .map_err(|e| part(format!("not base64url: {e}")))?;
    let text = String::from_utf8(bytes).map_err(|_| part("not UTF-8".to_owned()))?;
    Catalogue::parse(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_catalogue_is_read() {
        let ids: Vec<_> = built_in().into_iter().map(|catalogue| catalogue.id).collect();
        assert_eq!(ids, ["entra-connector", "classic-connector", "us-government"]);
    }

    #[test]
    fn a_link_carries_a_catalogue_or_is_refused_by_name() {
        use base64::Engine as _;
        use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
        for engine in [URL_SAFE, URL_SAFE_NO_PAD] {
            let link = engine.encode(BUILT_IN[0]);
            assert_eq!(from_link(&link).map(|c| c.id), Ok("entra-connector".to_owned()));
        }
        for (bad, place) in
            [("%%%", "#catalogue=: not base64url"), ("_w", "#catalogue=: not UTF-8"), ("e30", "line 1")]
        {
            let error = from_link(bad).unwrap_err().to_string();
            assert!(error.starts_with(place), "{error}");
        }
    }
}
