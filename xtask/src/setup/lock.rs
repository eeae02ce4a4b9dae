//! Reading the version of a package from Cargo.lock.

/// The version of the first package of this name.
pub fn version_of<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let mut lines = lock.lines();
    lines.find(|line| value_of(line, "name") == Some(package))?;
    value_of(lines.next()?, "version")
}

/// What stands between the quotes of `key = "value"`. Cargo writes nothing else in these lines.
fn value_of<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"version = 4

[[package]]
name = "wasm-bindgen-futures"
version = "0.4.76"
dependencies = [
 "wasm-bindgen",
]

[[package]]
name = "wasm-bindgen"
version = "0.2.126"
source = "registry+https://registry.example/index"
"#;

    #[test]
    fn the_name_counts_as_a_whole() {
        assert_eq!(version_of(LOCK, "wasm-bindgen"), Some("0.2.126"));
        assert_eq!(version_of(LOCK, "wasm-bindgen-futures"), Some("0.4.76"));
        assert_eq!(version_of(LOCK, "wasm"), None);
        assert_eq!(version_of("", "wasm-bindgen"), None);
    }
}
