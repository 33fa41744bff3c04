//! A fingerprint as it is taken and stored.
use serde::{Deserialize, Serialize};

use super::picture::Album;
use super::sample::{REGIONS, Sample};
use super::token;

/// A work's fingerprint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// The picture, one sample per [`STEP_MS`].
    pub picture: Vec<Sample>,
    /// The sound, one chromaprint item per [`ITEM_US`].
    pub sound: Vec<u32>,
    /// The words under which it is found: at most 384 of the picture and 128 of the sound.
    pub tokens: Vec<u32>,
    /// The words used to search for similar works: `tokens`, and their variants with flipped weak bits.
    pub probes: Vec<u32>,
}

impl Fingerprint {
    /// From samples taken with their weak bits, and the items of the sound.
    pub fn new(album: Album, sound: Vec<u32>) -> Self {
        let hashed = album.hash();
        let (tokens, probes) = token::of(&hashed, &sound);
        let picture = hashed.iter().map(|sample| sample.each_ref().map(|hash| hash.bits)).collect();
        Self { picture, sound, tokens, probes }
    }

    /// The picture as stored in the database: little endian, sample by sample.
    pub fn picture_bytes(&self) -> Vec<u8> {
        self.picture.iter().flatten().flat_map(|hash| hash.to_le_bytes()).collect()
    }

    /// The sound as stored in the database: little endian.
    pub fn sound_bytes(&self) -> Vec<u8> {
        self.sound.iter().flat_map(|item| item.to_le_bytes()).collect()
    }

    /// A stored fingerprint, without the words, which comparing does not need. Bytes that make no complete sample are
    /// dropped.
    pub fn from_bytes(picture: &[u8], sound: &[u8]) -> Self {
        let hashes: Vec<u64> = picture.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
        let picture = hashes.as_chunks::<REGIONS>().0.to_vec();
        let sound = sound.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
        Self { picture, sound, ..Self::default() }
    }
}
