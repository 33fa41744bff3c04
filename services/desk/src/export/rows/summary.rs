//! 作品汇总表: what was entered and where it is online.
use std::collections::HashMap;

use runtime::problem::Problem;
use runtime::store::watching::handed_in::Measured;
use uuid::Uuid;

use super::table::{ADDRESS, Filled, NAME, RECEIPT, Table, WORD, at, online, pages_of};
use crate::export::sheet::{Cell, Column};
use crate::view::works::Line;

impl Table<'_> {
    /// 作品汇总表.
    pub(super) async fn summary(&self, lines: &[Line]) -> Result<Filled, Problem> {
        let say = self.say;
        let mut measured: HashMap<Uuid, Measured> = HashMap::new();
        for ids in pages_of(lines) {
            measured.extend(self.desk.store.measured(&ids).await?.into_iter().map(|it| (it.submission, it)));
        }
        let mut columns = vec![
            Column::new(say.t("序号", "No."), 6),
            Column::new(say.t("作品编号", "Work"), ADDRESS),
            Column::new(say.t("回执编号", "Receipt"), RECEIPT),
            Column::new(say.t("作品名称", "Title"), NAME),
            Column::new(say.t("征选主题", "Theme"), WORD),
            Column::new(say.t("推荐单位", "Recommending unit"), NAME),
            Column::new(say.t("时长", "Length"), 9),
            Column::new(say.t("画幅", "Aspect"), 9),
            Column::new(say.t("分辨率", "Picture"), WORD),
            Column::new(say.t("状态", "State"), WORD),
            Column::new(say.t("报送时间", "Entered"), 17),
        ];
        columns.extend(self.partner_columns());
        let row = |(line, number): (&Line, u32)| {
            let measured = measured.get(&line.id);
            let length = measured.and_then(|it| u64::try_from(it.duration_ms?).ok());
            let picture = measured.and_then(|it| Some((it.width?, it.height?)));
            let mut row = vec![
                Cell::Number(number),
                Cell::Text(line.id.to_string()),
                Cell::of(line.receipt.clone()),
                line.title.as_str().into(),
                Cell::Text(self.theme(line)),
                line.recommending_unit.as_str().into(),
                Cell::of(length.map(|ms| say.length(&ms))),
                Cell::of(picture.map(|(width, height)| aspect(width, height))),
                Cell::of(picture.map(|(width, height)| format!("{width}×{height}"))),
                Cell::Text(say.state(line.state)),
                Cell::Text(say.time(&line.created_at)),
            ];
            row.extend(self.partners.iter().map(|partner| Cell::of(online(at(line, partner)))));
            row
        };
        Ok((columns, lines.iter().zip(1..).map(row).collect()))
    }
}

/// `16:9` or `9:16` within two per cent, because encoders round; otherwise the ratio itself.
fn aspect(width: i32, height: i32) -> String {
    let ratio = f64::from(width.max(1)) / f64::from(height.max(1));
    let near = |wanted: f64| (ratio / wanted - 1.0).abs() <= 0.02;
    if near(16.0 / 9.0) {
        "16:9".to_owned()
    } else if near(9.0 / 16.0) {
        "9:16".to_owned()
    } else {
        format!("{ratio:.2}:1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aspects_are_named_as_the_call_names_them() {
        assert_eq!((aspect(1920, 1080), aspect(1080, 1920)), ("16:9".into(), "9:16".into()));
        assert_eq!((aspect(1920, 1088), aspect(1440, 1080)), ("16:9".into(), "1.33:1".into()));
        assert_eq!(aspect(0, 0), "1.00:1");
    }
}
