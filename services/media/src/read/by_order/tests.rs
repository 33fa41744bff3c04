//! Times by the order of pictures.
use super::*;

/// The times of pictures by the order in which they come out, each as the time under which it was stored; 100 and up are key frames.
fn placed(sent: &[i64], shown: &[i64]) -> Vec<i64> {
    let mut order = ByOrder::default();
    for at in sent {
        order.times.insert(*at, true);
        order.awaited.insert(*at);
    }
    shown.iter().map(|at| order.next(Some(*at), at % 100 == 0).unwrap().0).collect()
}

#[test]
fn the_next_picture_has_the_next_time_whatever_it_was_stored_under() {
    assert_eq!(placed(&[0, 1, 2, 3, 4], &[0, 2, 3, 1, 4]), [0, 1, 2, 3, 4]);
    assert_eq!(placed(&[0, 1, 2], &[0, 1, 2]), [0, 1, 2]);
}

#[test]
fn a_lost_picture_moves_the_others_until_the_next_key_frame() {
    assert_eq!(placed(&[0, 1, 2, 3, 100, 101], &[0, 2, 1, 100, 101]), [0, 1, 2, 100, 101]);
    // Pictures that are stored after a key frame and shown before it are not lost.
    assert_eq!(placed(&[0, 1, 100, 101, 102, 103], &[0, 1, 101, 102, 100, 103]), [0, 1, 100, 101, 102, 103]);
}

#[test]
fn an_edit_list_that_only_takes_the_delay_back_cuts_nothing_off() {
    let shown = |cut: i64| {
        let mut order = ByOrder { delay: 2, ..ByOrder::default() };
        for at in 0..6 {
            order.times.insert((at - cut) * 40, at >= cut);
        }
        let pictures = std::iter::from_fn(|| order.next(None, false));
        pictures.filter(|(_, is_shown)| *is_shown).map(|(at, _)| at).collect::<Vec<_>>()
    };
    assert_eq!([shown(0), shown(1), shown(2)], [const { [0, 40, 80, 120, 160, 200] }; 3]);
    assert_eq!(shown(3), [0, 40, 80]);
}

#[test]
fn more_pictures_than_times_keep_their_own() {
    let mut order = ByOrder::default();
    assert_eq!(order.next(Some(7), true), None);
    assert_eq!(order.next(None, false), None);
}
