//! Describes the form in which a checkpoint is written: which fields and variants each type has, in their order, all the way
//! down. The description stands in the repository beside [`FORM`]: whoever changes a type of the state is told to raise that.
//!
//! A type is asked by its own `Deserialize`: it says what it wants to read and gets the least that will do. Enums are led
//! through their variants, a new one each round.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::de::value::U32Deserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};

use super::{FORM, Held};

#[derive(Debug)]
struct Failed(String);
impl Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for Failed {}
impl de::Error for Failed {
    fn custom<T: Display>(what: T) -> Self {
        Self(what.to_string())
    }
}

/// What was described.
#[derive(Default)]
struct Forms {
    /// By type, and by variant where it has several.
    of: BTreeMap<String, String>,
    /// The field that is being read: some texts must look like something.
    field: &'static str,
    /// A variant that was not known before was met in this round.
    new: bool,
}

/// Reads one value, and writes into `form` what it is.
struct Read<'f> {
    forms: &'f mut Forms,
    form: &'f mut String,
}

impl Read<'_> {
    fn says(&mut self, what: &str) {
        self.form.push_str(what);
    }
}

macro_rules! plain {
    ($($method:ident $visit:ident($value:expr) $name:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Failed> {
            self.says($name);
            visitor.$visit($value)
        }
    )*};
}

impl<'de> Deserializer<'de> for Read<'_> {
    type Error = Failed;

    fn is_human_readable(&self) -> bool {
        false
    }

    plain! {
        deserialize_bool visit_bool(false) "bool";
        deserialize_u8 visit_u8(0) "u8";
        deserialize_u16 visit_u16(0) "u16";
        deserialize_u32 visit_u32(0) "u32";
        deserialize_u64 visit_u64(0) "u64";
        deserialize_i64 visit_i64(0) "i64";
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Failed> {
        Err(Failed("this kind of value is not described yet: add it here".into()))
    }
    fn deserialize_str<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Failed> {
        self.says("text");
        visitor.visit_str(if self.forms.field == "fingerprint" { "7K4F2A" } else { "aa" })
    }
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failed> {
        self.deserialize_str(visitor)
    }
    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Failed> {
        self.says("?");
        visitor.visit_some(self)
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Failed> {
        visitor.visit_newtype_struct(self)
    }
    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Failed> {
        self.says("*");
        visitor.visit_seq(Items { forms: self.forms, form: self.form, names: &[], left: 1, n: 0 })
    }
    fn deserialize_map<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Failed> {
        self.says("*map");
        visitor.visit_map(Items { forms: self.forms, form: self.form, names: &[], left: 1, n: 0 })
    }
    fn deserialize_tuple<V: Visitor<'de>>(mut self, len: usize, visitor: V) -> Result<V::Value, Failed> {
        self.says("(");
        let value = visitor.visit_seq(Items { forms: self.forms, form: self.form, names: &[], left: len, n: 0 });
        self.form.push(')');
        value
    }
    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failed> {
        self.says(name);
        let mut form = String::new();
        let value =
            visitor.visit_seq(Items { forms: self.forms, form: &mut form, names: fields, left: fields.len(), n: 0 })?;
        self.forms.of.insert(format!("{name}({})", fields.join(" ")), form);
        Ok(value)
    }
    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failed> {
        self.says(name);
        let key = |n: usize| format!("{name}({}) {n}", variants.join(" "));
        let fresh = (0..variants.len()).find(|n| !self.forms.of.contains_key(&key(*n)));
        let (n, mut form) = (fresh.unwrap_or(0), String::new());
        if fresh.is_some() {
            self.forms.new = true;
            self.forms.of.insert(key(n), "being described".into());
        }
        let value = visitor.visit_enum(Variant { forms: self.forms, form: &mut form, n })?;
        self.forms.of.insert(key(n), format!("{} {form}", variants[n]));
        Ok(value)
    }
    forward_to_deserialize_any! { i8 i16 i32 i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple_struct identifier ignored_any }
}

/// The parts of a value.
struct Items<'f> {
    forms: &'f mut Forms,
    form: &'f mut String,
    names: &'static [&'static str],
    left: usize,
    n: usize,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Failed;
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Failed> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        if let Some(name) = self.names.get(self.n) {
            self.forms.field = name;
        }
        self.n += 1;
        self.form.push(' ');
        seed.deserialize(Read { forms: self.forms, form: self.form }).map(Some)
    }
}

impl<'de> MapAccess<'de> for Items<'_> {
    type Error = Failed;
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failed> {
        self.next_element_seed(seed)
    }
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Failed> {
        self.form.push_str(" to ");
        seed.deserialize(Read { forms: self.forms, form: self.form })
    }
}

/// One variant of an enum.
struct Variant<'f> {
    forms: &'f mut Forms,
    form: &'f mut String,
    n: usize,
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Failed;
    type Variant = Self;
    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Failed> {
        let n: U32Deserializer<Failed> = u32::try_from(self.n).unwrap_or(u32::MAX).into_deserializer();
        Ok((seed.deserialize(n)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Failed;
    fn unit_variant(self) -> Result<(), Failed> {
        Ok(())
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Failed> {
        seed.deserialize(Read { forms: self.forms, form: self.form })
    }
    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Failed> {
        visitor.visit_seq(Items { forms: self.forms, form: self.form, names: &[], left: len, n: 0 })
    }
    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Failed> {
        self.form.push_str(&format!("({})", fields.join(" ")));
        visitor.visit_seq(Items { forms: self.forms, form: self.form, names: fields, left: fields.len(), n: 0 })
    }
}

/// Rounds after which something is wrong with the description itself.
const ROUNDS: usize = 1_000;

fn describe<T: for<'de> Deserialize<'de>>() -> Result<String, Failed> {
    let mut forms = Forms::default();
    for _ in 0..ROUNDS {
        forms.new = false;
        let mut form = String::new();
        T::deserialize(Read { forms: &mut forms, form: &mut form })?;
        if !forms.new {
            return Ok(forms.of.iter().map(|(of, form)| format!("{of}:{form}\n")).collect());
        }
    }
    Err(Failed("it does not come to an end".into()))
}

/// Where the description stands.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/checkpoint-form.txt");

#[test]
fn who_changes_what_a_checkpoint_holds_raises_its_form() {
    let now = format!("form {FORM}\n{}", describe::<Held>().expect("every type can be described"));
    if std::env::var_os("VARDKASE_GOLDEN").is_some() {
        std::fs::write(FILE, &now).expect("the file is written");
    }
    let then = std::fs::read_to_string(FILE).unwrap_or_default();
    let at = now.lines().zip(then.lines()).find(|(now, then)| now != then);
    assert!(
        now == then,
        "what a checkpoint holds has changed: raise FORM in dispatch/replay.rs, then write the description anew with \
         VARDKASE_GOLDEN=1 (the first difference: {at:#?})"
    );
}

#[test]
fn a_description_tells_fields_and_variants_apart() {
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its form is looked at")]
    enum Two {
        One,
        Other { n: Vec<u32>, to: Option<(bool, String)> },
    }
    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its form is looked at")]
    struct Outer {
        two: Two,
        map: BTreeMap<u8, Two>,
    }
    let said = describe::<Outer>().expect("it can be described");
    assert_eq!(
        said,
        "Outer(two map): Two *map u8 to Two\nTwo(One Other) 0:One \nTwo(One Other) 1:Other (n to) * u32 ?( bool text)\n"
    );
}
