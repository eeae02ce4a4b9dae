use super::*;

fn names() -> Vec<String> {
    ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec()
}

fn made(digest: Digest) -> Description {
    let authority = Arc::new(Authority::new(&names()).unwrap());
    Certificate::self_made(authority, digest).unwrap().description()
}

#[test]
fn self_made_certificates_are_signed_as_they_should_be() {
    let usual = made(Digest::Sha256);
    assert_eq!((usual.signature.as_str(), usual.is_sha512()), ("sha256WithRSAEncryption", false));
    assert_eq!(usual.names, names());
    let strong = made(Digest::Sha512);
    assert_eq!((strong.signature.as_str(), strong.is_sha512()), ("sha512WithRSAEncryption", true));
}

#[test]
fn an_authority_in_a_folder_stays_the_same_for_the_same_names() {
    let folder = tempfile::tempdir().unwrap();
    let (first, is_new) = Authority::in_folder(folder.path(), &names()).unwrap();
    assert!(is_new);
    let (second, is_new) = Authority::in_folder(folder.path(), &names()).unwrap();
    assert!(!is_new);
    assert_eq!(first.certificate_pem(), second.certificate_pem());
    Certificate::self_made(Arc::new(second), Digest::Sha512).expect("its key is read back");
    let (third, is_new) = Authority::in_folder(folder.path(), &["other.example".to_owned()]).unwrap();
    assert!(is_new, "it may not speak for another name");
    assert_ne!(first.certificate_pem(), third.certificate_pem());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(folder.path().join("ca.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

/// A certificate for these names as files.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let files = Self { folder: tempfile::tempdir().unwrap() };
        files.write("one.example");
        files
    }

    fn at(&self) -> CertificateFiles {
        CertificateFiles {
            certificate: self.folder.path().join("c.pem"),
            key: self.folder.path().join("k.pem"),
        }
    }

    fn write(&self, name: &str) -> (String, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        let texts = (params.self_signed(&key).unwrap().pem(), key.serialize_pem());
        fs::write(self.at().certificate, &texts.0).unwrap();
        fs::write(self.at().key, &texts.1).unwrap();
        texts
    }
}

#[test]
fn new_files_are_taken_and_bad_ones_are_not() {
    let files = Files::new();
    let certificate = Certificate::from_files(files.at()).unwrap();
    assert_eq!(certificate.renew(), Renewal::Unchanged);
    let (old_chain, old_key) = (fs::read(files.at().certificate).unwrap(), fs::read(files.at().key).unwrap());

    let (chain, _) = files.write("two.example");
    fs::write(files.at().key, &old_key).unwrap();
    let Renewal::Refused(error) = certificate.renew() else { panic!("a key of another certificate") };
    assert!(error.to_string().contains("does not go with"), "{error}");
    fs::write(files.at().certificate, &chain[..chain.len() / 2]).unwrap();
    assert!(matches!(certificate.renew(), Renewal::Refused(_)), "half a file");
    fs::remove_file(files.at().certificate).unwrap();
    assert!(matches!(certificate.renew(), Renewal::Refused(_)), "no file");
    assert_eq!(certificate.description().names, ["one.example"]);

    fs::write(files.at().certificate, &old_chain).unwrap();
    assert_eq!(certificate.renew(), Renewal::Unchanged, "back to what is in use");
    files.write("three.example");
    assert!(matches!(certificate.renew(), Renewal::Renewed(_)));
    assert_eq!(certificate.description().names, ["three.example"]);
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_name() {
    let files = Files::new();
    let refused = |change: &dyn Fn(&CertificateFiles)| {
        files.write("one.example");
        change(&files.at());
        Certificate::from_files(files.at()).unwrap_err().to_string()
    };
    let empty = refused(&|at| fs::write(&at.certificate, "").unwrap());
    assert!(empty.contains("c.pem: no certificate"), "{empty}");
    let key = refused(&|at| fs::write(&at.key, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n").unwrap());
    assert!(key.contains("k.pem: no private key") && key.contains("password"), "{key}");
    let gone = refused(&|at| fs::remove_file(&at.key).unwrap());
    assert!(gone.contains("cannot read") && gone.contains("k.pem"), "{gone}");
}
