//! Clocks that run backwards, restart or wrap.
use std::fs;

use pipeline::rejection::Rejection;

use super::{assert_near, bench, changed, changed_of, finish, footage, onsets};
use crate::support::outside;

#[test]
fn time_that_runs_backwards_is_refused_and_not_cut_out_in_silence() {
    let back = "setts=pts='PTS-if(gte(PTS*TB\\,2)\\,1.5/TB\\,0)':dts='DTS-if(gte(PTS*TB\\,2)\\,1.5/TB\\,0)'";
    let bench = changed("mkv", "-bf 0", &format!("-c copy -bsf:v {back} -bsf:a {back}"));
    let rejection = bench.refused("source");
    assert!(matches!(rejection, Rejection::TimeRunsBackwards { frames: 37..=38 }), "{rejection:?}");
    // A single wrong time stamp loses no picture that players would show.
    let bench = changed("mkv", "-bf 0", "-c copy -bsf:v setts=pts='PTS-if(eq(N\\,30)\\,0.04/TB\\,0)':dts=DTS");
    let shown = outside::frames(&bench.input("source"));
    let finished = finish(&bench);
    assert_eq!((finished.source.video.frames, finished.plan.picture.frames), (shown, 100));
    assert_near(&onsets(&finished)[0], &[0.4, 1.4, 2.4, 3.4]);
}

#[test]
fn a_broadcast_whose_clock_restarts_or_wraps_goes_on_in_sync() {
    // Two recordings one after the other: forward, back, and across the wrap of the 33-bit clock.
    for [first, second] in [[0, 1000], [1000, 0], [95_442, 3]] {
        let bench = bench(|source| {
            let part = |offset: i32, name: &str| {
                let file = source.with_file_name(format!("{name}.ts"));
                footage(&file, [3.0, 3.0], &format!("-output_ts_offset {offset}"));
                fs::read(file).unwrap()
            };
            fs::write(source, [part(first, "a"), part(second, "b")].concat()).unwrap();
        });
        let finished = finish(&bench);
        let [flashes, beeps] = onsets(&finished);
        assert_eq!(
            (finished.source.video.frames, flashes.len(), beeps.len()),
            (150, 6, 6),
            "{first} {second}: {beeps:?}"
        );
        for (flash, beep) in flashes.iter().zip(&beeps) {
            assert!((flash - beep).abs() <= 0.025, "{first} {second}: {flashes:?} {beeps:?}");
        }
    }
}

#[test]
fn a_hole_in_one_stream_of_a_broadcast_is_no_new_clock() {
    // The other goes on: for 12 s there is no sound, or no picture.
    for (stream, packets, flashing, beeping) in [("a", "188\\,749", 17, 5), ("v", "100\\,399", 5, 17)] {
        let hole = format!("-bsf:{stream} noise=drop='between(n\\,{packets})'");
        let bench = changed_of(17.0, "ts", "-bf 0", &format!("-c copy {hole}"));
        let finished = finish(&bench);
        let [flashes, beeps] = onsets(&finished);
        assert_eq!((flashes.len(), beeps.len()), (flashing, beeping), "{stream}: {flashes:?} {beeps:?}");
        let (flash, beep) = (flashes[flashes.len() - 1], beeps[beeps.len() - 1]);
        assert!((flash - 16.4).abs() <= 0.025 && (flash - beep).abs() <= 0.025, "{stream}: {flashes:?} {beeps:?}");
    }
}
