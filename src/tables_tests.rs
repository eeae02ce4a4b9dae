use super::*;
use crate::offer;

fn classic() -> Catalogue {
    offer::built_in().into_iter().find(|catalogue| catalogue.id == "classic-connector").unwrap()
}

fn titles(table: &Table) -> (Vec<String>, Vec<String>) {
    (
        table.rows.iter().map(|row| row.title.clone()).collect(),
        table.columns.iter().map(Column::title).collect(),
    )
}

#[test]
fn the_documents_table_has_regions_down_and_ports_across() {
    let tables = tables(&classic(), &Fill::new(), None);
    let (rows, columns) = titles(&tables[0]);
    assert_eq!(tables[0].kind, Kind::Regions);
    assert_eq!(rows, ["Central US", "East US"]);
    assert_eq!(columns, ["80", "443", "5671", "8080", "9090", "9091", "9350", "9352", "10100–10120"]);
    let last = tables[0].rows[0].cells.last().unwrap().as_ref().unwrap();
    assert_eq!(last.checks.len(), 21);
}

#[test]
fn every_check_stands_in_exactly_one_cell() {
    for catalogue in offer::built_in() {
        let tables = tables(&catalogue, &Fill::new(), None);
        let mut shown: Vec<_> = tables
            .iter()
            .flat_map(|table| table.rows.iter().flat_map(|row| row.cells.iter().flatten()))
            .flat_map(|cell| cell.checks.clone())
            .filter(|id| !id.0.starts_with("canary-"))
            .collect();
        shown.sort();
        let mut listed: Vec<_> = catalogue.checks.iter().map(|check| check.id.clone()).collect();
        listed.sort();
        assert_eq!(shown, listed, "{}", catalogue.id);
    }
}

#[test]
fn short_runs_of_ports_stay_apart() {
    let titles: Vec<_> =
        columns([80, 81, 82, 443, 10100, 10101, 10102, 10103].into()).iter().map(Column::title).collect();
    assert_eq!(titles, ["80", "81", "82", "443", "10100–10103"]);
}

#[test]
fn the_gravest_look_speaks_for_a_cell() {
    assert!(Look::Failed < Look::Silent && Look::Silent < Look::Inconclusive);
    assert!(Look::Inconclusive < Look::Running && Look::Running < Look::Reachable);
}

#[test]
fn a_host_with_several_checks_is_named_by_its_host() {
    let catalogue = Catalogue::parse(
        r#"{"format":"connector-check/catalogue@1","id":"t","title":"T","updated":"2026-11-20","sources":[],"regions":[],
        "checks":[
        {"id":"a","group":"service","title":"One","url":"https://h.example/","need":"required","expect":"answer","purpose":"p","allow":"h.example"},
        {"id":"b","group":"service","title":"Other","url":"https://h.example:9443/","need":"required","expect":"answer","purpose":"p","allow":"h.example"}]}"#,
    )
    .unwrap();
    let tables = tables(&catalogue, &Fill::new(), None);
    let row = &tables[0].rows[0];
    assert_eq!((row.title.as_str(), row.host.as_deref(), row.cells.len()), ("h.example", None, 2));
}
