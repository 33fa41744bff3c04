//! The expected digest of one request's bytes, from `Upload-Checksum`. Bytes with a wrong digest leave no trace.
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use runtime::problem::{Code, Problem};

/// An algorithm and the expected result.
#[derive(Clone, Debug)]
pub(crate) struct Checksum {
    algorithm: Algorithm,
    wanted: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Algorithm {
    Sha1,
    Sha256,
    Md5,
}

impl Algorithm {
    /// In the form of `Tus-Checksum-Algorithm`.
    pub(crate) const NAMES: &'static str = "sha1,sha256,md5";

    fn bytes(self) -> usize {
        match self {
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 => 32,
            Algorithm::Md5 => 16,
        }
    }
}

/// The digest of the bytes so far.
pub(crate) enum Running {
    Sha1(Sha1),
    Sha256(Sha256),
    Md5(Md5),
}

impl Checksum {
    /// Parses an algorithm, a space and base64; absent means no checksum.
    pub(crate) fn parse(header: Option<&str>) -> Result<Option<Self>, Problem> {
        let Some(header) = header else { return Ok(None) };
        let (name, value) = header.split_once(' ').ok_or(Code::ChecksumMalformed)?;
        let algorithm = match name {
            "sha1" => Algorithm::Sha1,
            "sha256" => Algorithm::Sha256,
            "md5" => Algorithm::Md5,
            _ => return Err(Code::ChecksumUnknown.into()),
        };
        let wanted = STANDARD.decode(value).map_err(|_| Code::ChecksumMalformed)?;
        if wanted.len() != algorithm.bytes() {
            return Err(Code::ChecksumMalformed.into());
        }
        Ok(Some(Self { algorithm, wanted }))
    }

    pub(crate) fn start(&self) -> Running {
        match self.algorithm {
            Algorithm::Sha1 => Running::Sha1(Sha1::new()),
            Algorithm::Sha256 => Running::Sha256(Sha256::new()),
            Algorithm::Md5 => Running::Md5(Md5::new()),
        }
    }

    pub(crate) fn is(&self, running: Running) -> bool {
        let digest = match running {
            Running::Sha1(hash) => hash.finalize().to_vec(),
            Running::Sha256(hash) => hash.finalize().to_vec(),
            Running::Md5(hash) => hash.finalize().to_vec(),
        };
        digest == self.wanted
    }
}

impl Running {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Running::Sha1(hash) => hash.update(bytes),
            Running::Sha256(hash) => hash.update(bytes),
            Running::Md5(hash) => hash.update(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digests_are_those_of_the_standards() {
        for header in [
            "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
            "sha256 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
            "md5 kAFQmDzST7DWlj99KOF/cg==",
        ] {
            let checksum = Checksum::parse(Some(header)).unwrap().unwrap();
            let mut running = checksum.start();
            running.update(b"a");
            running.update(b"bc");
            assert!(checksum.is(running), "{header}");
            assert!(!checksum.is(checksum.start()), "{header}");
        }
    }

    #[test]
    fn malformed_and_unknown_are_told_apart() {
        let code = |header| Checksum::parse(Some(header)).unwrap_err().code;
        for wrong in ["", "sha1", "sha1 ", "sha1 !", "sha1 YQ==", "md5 qZk+NkcGgWq6PiVxeFDCbJzQ2J0="] {
            assert_eq!(code(wrong), Code::ChecksumMalformed, "{wrong}");
        }
        assert_eq!(code("crc32 YQ=="), Code::ChecksumUnknown);
        assert_eq!(code("SHA1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0="), Code::ChecksumUnknown);
    }
}
