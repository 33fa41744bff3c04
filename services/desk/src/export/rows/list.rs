//! The list as the page shows it.
use super::table::{ADDRESS, Filled, NAME, RECEIPT, Table, WORD, at};
use crate::export::sheet::{Cell, Column};
use crate::view::works::Line;

impl Table<'_> {
    /// The list as the page shows it.
    pub(super) fn list(&self, lines: &[Line]) -> Filled {
        let say = self.say;
        let mut columns = vec![
            Column::new(say.t("作品编号", "Work"), ADDRESS),
            Column::new(say.t("回执编号", "Receipt"), RECEIPT),
            Column::new(say.t("活动", "Contest"), NAME),
            Column::new(say.t("作品名称", "Title"), NAME),
            Column::new(say.t("征选主题", "Theme"), WORD),
            Column::new(say.t("推荐单位", "Recommending unit"), NAME),
            Column::new(say.t("状态", "State"), WORD),
            Column::new(say.t("未通过原因", "Why rejected"), ADDRESS),
            Column::new(say.t("报送时间", "Entered"), 17),
            Column::new(say.t("更新时间", "Updated"), 17),
        ];
        columns.extend(self.partner_columns());
        let row = |line: &Line| {
            let rejection = line.rejection.as_ref().map(|it| say.t(&it.zh, &it.en));
            let mut row = vec![
                Cell::Text(line.id.to_string()),
                Cell::of(line.receipt.clone()),
                Cell::Text(self.contest(line)),
                line.title.as_str().into(),
                Cell::Text(self.theme(line)),
                line.recommending_unit.as_str().into(),
                Cell::Text(say.state(line.state)),
                Cell::of(rejection),
                Cell::Text(say.time(&line.created_at)),
                Cell::Text(say.time(&line.updated_at)),
            ];
            row.extend(self.partners.iter().map(|partner| self.address_or_state(at(line, partner))));
            row
        };
        (columns, lines.iter().map(row).collect())
    }
}
