//! The volumes of a group as `lvs` reports them. Pure.

use serde::Deserialize;

use super::names::{Names, Role, splits};
use crate::buildroot::snapshots::POSTINIT;
use crate::error::{Error, Result};

/// The tag that says whose a volume is.
pub(super) const ROOT_TAG: &str = "mock.root=";

/// What is asked of `lvs`.
pub(super) const FIELDS: &str =
    "lv_name,lv_uuid,lv_attr,pool_lv,lv_tags,lv_time,data_percent,metadata_percent";

/// One logical volume.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Volume {
    #[serde(rename = "lv_name")]
    pub(super) name: String,
    #[serde(rename = "lv_uuid")]
    pub(super) id: String,
    #[serde(rename = "lv_attr")]
    attributes: String,
    #[serde(rename = "pool_lv")]
    pool: String,
    #[serde(rename = "lv_tags")]
    tags: String,
    /// Seconds since 1970, as text.
    #[serde(rename = "lv_time")]
    time: String,
    #[serde(rename = "data_percent")]
    data: String,
    #[serde(rename = "metadata_percent")]
    metadata: String,
}

#[derive(Deserialize)]
struct Output {
    report: Vec<Report>,
}

#[derive(Deserialize)]
struct Report {
    lv: Vec<Volume>,
}

impl Volume {
    /// What follows `key` in the tag that begins with it.
    pub(super) fn tag(&self, key: &str) -> Option<&str> {
        self.tags.split(',').find_map(|tag| tag.strip_prefix(key))
    }

    pub(super) fn made(&self) -> Option<u64> {
        self.time.trim().parse().ok()
    }

    pub(super) fn is_active(&self) -> bool {
        self.attributes.as_bytes().get(4) == Some(&b'a')
    }

    fn is_thin(&self) -> bool {
        self.attributes.starts_with('V')
    }
}

/// How full a pool is, in percent as lvm writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fill {
    pub(super) data: String,
    pub(super) metadata: String,
}

/// All volumes of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Volumes(Vec<Volume>);

impl Volumes {
    /// The output of `lvs --reportformat json` with [`FIELDS`].
    pub(super) fn parse(text: &str) -> Result<Self> {
        let output: Output = serde_json::from_str(text).map_err(|error| Error::Storage {
            message: format!("cannot understand what lvs reports: {error}"),
            hint: Some("lvm2 2.02.158 (2016) or newer is needed".to_owned()),
            code: 25,
        })?;
        let volumes = output.report.into_iter().flat_map(|report| report.lv);
        Ok(Self(volumes.collect()))
    }

    /// The thin pool; an error when something else has its name.
    pub(super) fn pool(&self, group: &str, name: &str) -> Result<Option<Fill>> {
        let Some(volume) = self.0.iter().find(|volume| volume.name == name) else {
            return Ok(None);
        };
        if !volume.attributes.starts_with('t') {
            return Err(Error::Storage {
                message: format!("{group}/{name} is no thin pool"),
                hint: Some(
                    "choose another name with the option pool_name of plugin lvm_root".to_owned(),
                ),
                code: 25,
            });
        }
        Ok(Some(Fill {
            data: volume.data.clone(),
            metadata: volume.metadata.clone(),
        }))
    }

    /// Thin volumes of the pool, whoever they belong to.
    fn thin<'v>(&'v self, pool: &str) -> impl Iterator<Item = &'v Volume> {
        self.0
            .iter()
            .filter(move |volume| volume.is_thin() && volume.pool == pool)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|volume| volume.name == name)
    }

    pub(super) fn is_used(&self, pool: &str) -> bool {
        self.thin(pool).next().is_some()
    }

    /// The volumes that belong to the root of `names`.
    pub(super) fn of<'v>(&'v self, names: &Names, pool: &str) -> Vec<(&'v Volume, Role)> {
        self.thin(pool)
            .filter(|volume| self.owner(volume, pool) == Some(names.root()))
            .filter_map(|volume| Some((volume, names.role(&volume.name)?)))
            .collect()
    }

    /// The root that a thin volume belongs to.
    ///
    /// Its tag says so. A volume of the original has none and names do not always tell: `mock.a.b.c`
    /// may be the snapshot `b.c` of root `a`, or `c` of `a.b`. Then it belongs to the longest of
    /// those that seem to exist, because they have a head or a `postinit`, first of those that the
    /// original made; when none does, it has the shortest snapshot's name.
    fn owner<'v>(&'v self, volume: &'v Volume, pool: &str) -> Option<&'v str> {
        if let Some(root) = volume.tag(ROOT_TAG) {
            return Some(root);
        }
        let exists = |root: &str, tag: Option<&str>| {
            let signs = [
                format!("mock.{root}.{POSTINIT}"),
                format!("+mock.{root}.head"),
            ];
            self.thin(pool)
                .any(|other| signs.contains(&other.name) && other.tag(ROOT_TAG) == tag)
        };
        let roots: Vec<&str> = splits(&volume.name).map(|(root, _)| root).collect();
        let longest =
            |wanted: &dyn Fn(&str) -> bool| roots.iter().rev().find(|root| wanted(root)).copied();
        longest(&|root| exists(root, None))
            .or_else(|| longest(&|root| exists(root, Some(root))))
            .or(roots.last().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buildroot::storage::State;

    /// `name attributes pool tags`, as short as can be.
    fn volumes(lines: &[(&str, &str, &str, &str)]) -> Volumes {
        let lv: Vec<String> = lines
            .iter()
            .map(|(name, attributes, pool, tags)| {
                format!(
                    "{{\"lv_name\":\"{name}\", \"lv_uuid\":\"x\", \"lv_attr\":\"{attributes}\", \"pool_lv\":\"{pool}\", \
                     \"lv_tags\":\"{tags}\", \"lv_time\":\"1700000000\", \"data_percent\":\"12.34\", \
                     \"metadata_percent\":\"5.00\"}}"
                )
            })
            .collect();
        let text = format!("{{\"report\": [{{\"lv\": [{}]}}]}}", lv.join(","));
        Volumes::parse(&text).expect("as lvs writes it")
    }

    fn of(volumes: &Volumes, root: &str) -> Vec<String> {
        let names = Names::new("vg", root, root).expect("a good name");
        let found = volumes.of(&names, "pool");
        found
            .into_iter()
            .map(|(volume, _)| volume.name.clone())
            .collect()
    }

    #[test]
    fn lvs_is_read() {
        let all = volumes(&[
            ("pool", "twi-aotz--", "", ""),
            ("+mock.a.head", "Vwi-aotz--", "pool", "mock.root=a,x"),
            ("mock.a.postinit", "Vwi---tz-k", "pool", "mock.root=a"),
        ]);
        let fill = all.pool("vg", "pool").expect("it is a pool");
        assert_eq!(fill.map(|fill| fill.data).as_deref(), Some("12.34"));
        assert!(all.pool("vg", "other").expect("nothing").is_none());
        assert_eq!(
            all.pool("vg", "+mock.a.head")
                .map(drop)
                .map_err(|error| error.exit_code()),
            Err(25)
        );
        let names = Names::new("vg", "a", "a").expect("a good name");
        let found = all.of(&names, "pool");
        assert_eq!(found[0].1, Role::Head("head".to_owned()));
        assert_eq!(
            found[1].1,
            Role::State(State::Snapshot("postinit".to_owned()))
        );
        assert_eq!(
            found.iter().map(|(v, _)| v.is_active()).collect::<Vec<_>>(),
            [true, false]
        );
        assert_eq!(found[0].0.made(), Some(1_700_000_000));
        assert_eq!(found[0].0.tag("x"), Some(""));
    }

    #[test]
    fn an_empty_group_has_none() {
        let empty = Volumes::parse("{\"report\": [{\"lv\": []}]}").expect("as lvs writes it");
        assert!(!empty.is_used("pool"));
        assert!(Volumes::parse("  nonsense").is_err());
    }

    #[test]
    fn what_is_not_ours_is_left_out() {
        let all = volumes(&[
            ("pool", "twi-aotz--", "", ""),
            ("mock.a.linear", "-wi-a-----", "", ""),
            ("mock.a.elsewhere", "Vwi-aotz--", "pool2", ""),
            ("mock.a.tagged", "Vwi-aotz--", "pool", "mock.root=b"),
            ("mock.b.tagged", "Vwi-aotz--", "pool", "mock.root=a"),
            ("data", "Vwi-aotz--", "pool", ""),
            ("mock.a.mine", "Vwi-aotz--", "pool", ""),
            ("mock.a2.mine", "Vwi-aotz--", "pool", ""),
        ]);
        assert_eq!(of(&all, "a"), ["mock.a.mine"]);
        assert!(all.is_used("pool"));
    }

    #[test]
    fn no_volume_belongs_to_two_roots() {
        // Root f43.x exists: its postinit says so.
        let all = volumes(&[
            ("mock.f43.postinit", "Vwi---tz-k", "pool", ""),
            ("mock.f43.v1.2", "Vwi---tz-k", "pool", ""),
            ("mock.f43.x.postinit", "Vwi---tz-k", "pool", ""),
            ("mock.f43.x.y", "Vwi---tz-k", "pool", ""),
            ("+mock.f43.x.head", "Vwi---tz-k", "pool", ""),
        ]);
        assert_eq!(of(&all, "f43"), ["mock.f43.postinit", "mock.f43.v1.2"]);
        assert_eq!(
            of(&all, "f43.x"),
            ["mock.f43.x.postinit", "mock.f43.x.y", "+mock.f43.x.head"]
        );
        // The tag decides, whatever exists.
        let all = volumes(&[
            ("mock.f43.x.postinit", "V", "pool", "mock.root=f43.x"),
            ("mock.f43.x.y", "V", "pool", "mock.root=f43"),
        ]);
        assert_eq!(of(&all, "f43"), ["mock.f43.x.y"]);
        assert_eq!(of(&all, "f43.x"), ["mock.f43.x.postinit"]);
        // A tagged root is none of those that the original may have left.
        let all = volumes(&[
            ("mock.f43.x.postinit", "V", "pool", "mock.root=f43"),
            ("mock.f43.x.y", "V", "pool", ""),
            ("mock.f43.postinit", "V", "pool", ""),
        ]);
        assert_eq!(of(&all, "f43").len(), 3);
        // Nor does one that only this mock made take what the original left.
        let all = volumes(&[
            ("mock.f43.x.postinit", "V", "pool", "mock.root=f43.x"),
            ("mock.f43.x.y", "V", "pool", ""),
            ("mock.f43.postinit", "V", "pool", ""),
        ]);
        assert_eq!(of(&all, "f43"), ["mock.f43.x.y", "mock.f43.postinit"]);
        // Nothing to go by: what was cut short.
        let all = volumes(&[("+mock.f43.x.e", "V", "pool", "")]);
        assert_eq!(of(&all, "f43"), Vec::<String>::new());
        assert_eq!(of(&all, "f43.x"), ["+mock.f43.x.e"]);
    }
}
