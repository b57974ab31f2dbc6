//! Tables for bookkeepers: they open in a spreadsheet, numbers of orders stay text, nothing becomes a formula.
