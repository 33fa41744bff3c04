//! The words under which a work is found: hashes chosen by their value, so that two copies choose the same ones
//! whatever their start, and a long work has no more words than a short one.
use super::picture::{Hash, WEAK};
use super::sample::REGIONS;

/// Words of the picture that a work is found under.
pub(super) const PICTURE: usize = 384;
/// Words of the sound that a work is found under.
pub(super) const SOUND: usize = 128;
/// Separates words of picture and sound, and keeps the all-zero hash from being the smallest.
const PICTURE_SALT: u32 = 0x7069_6373;
const SOUND_SALT: u32 = 0x736f_756e;

/// The words of a work, and those used to search for similar works.
pub(super) fn of(picture: &[[Hash; REGIONS]], sound: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let seen = || picture.iter().flatten().filter(|hash| hash.bits != 0);
    let plain = smallest(seen().map(|hash| word(hash.bits as u32, PICTURE_SALT)), PICTURE);
    // Each set of flipped weak bits makes one more word: a copy probably differs in just those bits.
    let flipped = seen().flat_map(|hash| {
        (0..1u32 << WEAK).map(|set| {
            let flips = (0..WEAK).filter(|bit| set >> bit & 1 == 1).fold(0, |flips, bit| flips | 1 << hash.weak[bit]);
            word(hash.bits as u32 ^ flips, PICTURE_SALT)
        })
    });
    let probing = smallest(flipped, PICTURE << WEAK);
    // A repeated item is a held tone or silence, which many works have.
    let changes = sound.windows(2).filter(|pair| pair[0] != pair[1]).map(|pair| word(pair[1], SOUND_SALT));
    let heard = smallest(changes, SOUND);
    let join = |picture: Vec<u32>| {
        let mut all: Vec<u32> = picture.into_iter().chain(heard.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    (join(plain), join(probing))
}

/// The `count` smallest distinct words.
fn smallest(words: impl Iterator<Item = u32>, count: usize) -> Vec<u32> {
    let mut words: Vec<u32> = words.collect();
    words.sort_unstable();
    words.dedup();
    words.truncate(count);
    words
}

/// Mixes a value so that its order is unrelated to it (the finaliser of MurmurHash3): one to one.
fn word(value: u32, salt: u32) -> u32 {
    let mut it = value ^ salt;
    it = (it ^ it >> 16).wrapping_mul(0x85eb_ca6b);
    it = (it ^ it >> 13).wrapping_mul(0xc2b2_ae35);
    it ^ it >> 16
}
