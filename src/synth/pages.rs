//! Pages that show an account's data: those of the replica's shop, and the catalogue of any.

/// A page, as the catalogue of the case describes it.
pub(super) struct Page {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) route: &'static str,
    /// The path of the page's requests; it matches the route.
    pub(super) path: &'static str,
    /// A body shorter than this shows no data.
    pub(super) empty_below_bytes: u64,
    /// The fields that it shows, each with its form: plain or masked.
    pub(super) fields: &'static [(&'static str, &'static str)],
}

/// A page's place in [`PAGES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageId {
    MyInformation,
    AddressList,
    AddressEdit,
    OrderList,
}

/// All pages, in the order of [`PageId`].
pub(super) static PAGES: [Page; 4] = [
    Page {
        id: "my-information",
        title: "My information, edit",
        route: "/member/information/edit",
        path: "/member/information/edit",
        empty_below_bytes: 200,
        fields: &[("name", "plain"), ("email", "plain")],
    },
    Page {
        id: "delivery-address-list",
        title: "Delivery addresses, list",
        route: "/member/addresses",
        path: "/member/addresses",
        empty_below_bytes: 200,
        fields: &[
            ("name", "plain"),
            ("phone", "plain"),
            ("address", "plain"),
            ("entrance_code", "masked"),
        ],
    },
    Page {
        id: "delivery-address-edit",
        title: "Delivery address, edit",
        route: "/member/addresses/{address}/edit",
        path: "/member/addresses/1/edit",
        empty_below_bytes: 200,
        fields: &[
            ("name", "plain"),
            ("phone", "plain"),
            ("address", "plain"),
            ("entrance_code", "plain"),
        ],
    },
    Page {
        id: "order-list",
        title: "Latest orders",
        route: "/member/orders",
        path: "/member/orders",
        empty_below_bytes: 200,
        fields: &[("order", "plain")],
    },
];

/// The text of `pages.toml`, the catalogue of these pages.
pub(super) fn catalogue(pages: &[Page]) -> String {
    use std::fmt::Write as _;
    let mut text =
        String::from("# Which page shows which fields of an account, and in which form.\n");
    for page in pages {
        let _ = write!(
            text,
            "\n[[page]]\nid = \"{}\"\ntitle = \"{}\"\nmethod = \"GET\"\nroute = \"{}\"\nempty_below_bytes = {}\nfields = [\n",
            page.id, page.title, page.route, page.empty_below_bytes
        );
        for (name, form) in page.fields {
            let _ = writeln!(text, "  {{ name = \"{name}\", form = \"{form}\" }},");
        }
        text.push_str("]\n");
    }
    text
}
