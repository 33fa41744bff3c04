//! What each rule of QC accepts and refuses.
use super::*;

/// A place whose frames match their own index and the source's next frame so well.
fn place(frame: u64, own: f64, next: f64) -> Sample {
    Sample { frame, scores: vec![(-1, own / 2.0), (0, own), (1, next)], afar: 1.0, noise: false }
}

fn check(samples: &[Sample], outcome: QcOutcome, says: &str) {
    let judged = judge(samples, LIMIT);
    assert_eq!(judged.outcome, outcome, "{}", judged.measured);
    assert!(judged.measured.contains(says), "{}", judged.measured);
}

#[test]
fn the_rule_has_three_outcomes() {
    check(
        &[place(10, 0.98, 0.8), place(30, 0.94, 0.9)],
        QcOutcome::Pass,
        "SSIM 0.960 at 2 places, lowest 0.940 at frame 30",
    );
    check(&[place(10, 0.7, 0.6), place(30, 0.72, 0.7)], QcOutcome::Fail, "SSIM 0.710");
    let held_down = judge(&[place(10, 0.7, 0.6), place(30, 0.72, 0.7)], PLAUSIBLE);
    assert_eq!((held_down.outcome, held_down.limit.as_str()), (QcOutcome::Pass, "≥ 0.5 at their own index"));
    check(&[], QcOutcome::Invalid, "measurement invalid: no frame");
    check(&[place(10, 0.2, 0.2), place(30, 0.3, 0.1)], QcOutcome::Invalid, "measurement invalid: SSIM 0.250");
    // One place that cannot be believed does not hide behind eleven that can.
    let mut mixed: Vec<Sample> = (0..11).map(|frame| place(frame, 0.99, 0.9)).collect();
    mixed.push(place(11, 0.1, 0.1));
    check(&mixed, QcOutcome::Invalid, "lowest 0.100 at frame 11");
    // Neither does one whose details are right and whose picture is not.
    let mut rubble: Vec<Sample> = (0..11).map(|frame| place(frame, 0.99, 0.9)).collect();
    rubble.push(Sample { afar: 0.4, ..place(11, 0.8, 0.8) });
    check(&rubble, QcOutcome::Invalid, "from afar 0.400 at frame 11");
    // Noise can: it is left out, and where there is nothing else the other rows decide.
    mixed[11].noise = true;
    check(&mixed, QcOutcome::Pass, "lowest 0.990 at frame 0; 1 places of noise are left out");
    check(&mixed[11..], QcOutcome::Pass, "the source is noise at all of them");
}

#[test]
fn a_shift_is_ours_whatever_the_score() {
    check(&[place(10, 0.9, 0.99), place(30, 0.8, 0.97)], QcOutcome::Fail, "the source 1 frame later matches better");
    check(&[place(10, 0.3, 0.98), place(30, 0.2, 0.97)], QcOutcome::Fail, "shifted");
    check(&[place(10, 0.9, 0.99)], QcOutcome::Fail, "shifted"); // the only place there is
    // Neither a still scene, where neighbours are as good, nor one place that took over its neighbour's noise.
    check(&[place(10, 0.97, 0.98), place(30, 0.97, 0.98)], QcOutcome::Pass, "SSIM");
    check(&[place(10, 0.9, 0.99), place(30, 0.97, 0.9), place(50, 0.97, 0.9)], QcOutcome::Pass, "SSIM");
}
