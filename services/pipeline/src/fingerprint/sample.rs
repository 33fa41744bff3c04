//! The grid on which fingerprints are taken.

/// Time from one sample of the picture to the next, in milliseconds, on a grid that begins with the first frame.
pub const STEP_MS: u64 = 500;

/// Time from one item of the sound to the next, in microseconds: a third of 4096 samples at 11,025 Hz.
pub const ITEM_US: u64 = 123_810;

/// Most samples of the picture that are kept: 20 minutes, more than twice the longest entry.
pub const MAX_SAMPLES: usize = 2400;

/// Regions of a picture that are hashed: all of it, its middle, and what reframing to the other orientation would keep.
pub const REGIONS: usize = 5;

/// One sample of the picture: a hash for each region, 0 if there is nothing to recognise.
pub type Sample = [u64; REGIONS];
