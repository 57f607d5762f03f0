//! What holds for every expression.

use proptest::prelude::*;

use super::ast::{Comparison, Expression, FieldName, Literal, Term, Value};
use super::fields::FIELDS;
use super::tests::{case, case_of, jwt};
use super::*;
use crate::diagnosis::testing::get;

fn any_value() -> impl Strategy<Value = Literal> {
    prop_oneof![
        "[a-z0-9.*/_-]{1,8}"
            .prop_filter("a regular expression, or any", |text| {
                text != "*" && !(text.starts_with('/') && text[1..].contains('/'))
            })
            .prop_map(Literal::Bare),
        "\\PC{0,8}".prop_map(Literal::Quoted),
        "[a-z^$.]{1,6}".prop_map(Literal::Regex),
    ]
}

fn any_term() -> impl Strategy<Value = Expression> {
    let place = |literal| Value { literal, at: 0..0 };
    let free = prop_oneof![
        "\\PC{0,8}".prop_map(Literal::Quoted),
        "[b-m][0-9]{0,3}".prop_map(Literal::Bare),
        "[a-z^$.]{1,6}".prop_map(Literal::Regex),
    ];
    let named = (0..FIELDS.len(), "[a-z][a-z0-9_-]{0,6}").prop_map(|(index, argument)| {
        let field = &FIELDS[index];
        let argument = if field.takes_argument() { argument } else { String::new() };
        FieldName { field, argument, at: 0..0 }
    });
    let comparison = prop_oneof![
        Just(Comparison::Fits),
        Just(Comparison::Equal),
        Just(Comparison::NotEqual),
        Just(Comparison::Less),
        Just(Comparison::GreaterOrEqual),
    ];
    let values = prop::collection::vec(any_value().prop_map(place), 1..4);
    prop_oneof![
        free.prop_map(move |literal| Expression::Term(Term::Text(place(literal)))),
        (0..FIELDS.len())
            .prop_map(|index| &FIELDS[index])
            .prop_filter("a flag", |field| field.is_flag())
            .prop_map(|field| {
                Expression::Term(Term::Has(FieldName { field, argument: String::new(), at: 0..0 }))
            }),
        (named, comparison, values).prop_map(|(field, comparison, mut values)| {
            let fits = comparison == Comparison::Fits;
            if fits && values.len() > 1 {
                // A slash would reach for the slash of a later value: nobody can write such a list.
                values.retain(
                    |v| !matches!(&v.literal, Literal::Bare(text) if text.starts_with('/')),
                );
            }
            if !fits || values.is_empty() {
                values.retain(|value| !matches!(value.literal, Literal::Regex(_)));
                let literal = Literal::Quoted("x".to_owned());
                values.push(Value { literal, at: 0..0 });
            }
            Expression::Term(Term::Compare { field, comparison, values })
        }),
    ]
}

fn any_expression() -> impl Strategy<Value = Expression> {
    any_term().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expression::all),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expression::any),
            inner.prop_map(|part| Expression::Not(Box::new(part))),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_is_printed_parses_to_the_same(expression in any_expression()) {
        let printed = expression.to_string();
        let parsed = parser::parse(&printed).map_err(|e| TestCaseError::fail(format!("{printed}: {e}")))?;
        prop_assert_eq!(&parsed, &expression, "{}", printed);
    }

    #[test]
    fn whatever_is_typed_never_panics_and_errors_point_into_it(text in "\\PC{0,40}|[a-z:=<>!()\"/,.* 0-9{}-]{0,40}") {
        match Filter::parse(&text) {
            Ok(filter) => {
                filter.matches(&case());
                let canonical = filter.to_string();
                let again = Filter::parse(&canonical);
                prop_assert_eq!(again.as_ref().ok(), Some(&filter), "{} -> {}", text, canonical);
            }
            Err(error) => {
                prop_assert!(text.get(error.at.clone()).is_some(), "{text}: {error:?}");
                error.pointed(&text);
            }
        }
        for cursor in 0..=text.len() {
            complete(&text, cursor, &ValuesSeen::default());
        }
    }

    #[test]
    fn a_cell_of_any_content_becomes_a_valid_term(value in "\\PC{0,12}") {
        for field in ["host", "path", "user", "method", "req.header.x"] {
            let written = term(field, &value);
            prop_assert!(Filter::parse(&written).is_ok(), "{}", written);
            prop_assert!(Filter::parse(&excluding(field, &value)).is_ok(), "{}", written);
        }
        // What stands before an @ is no part of a host.
        let host = value.replace('@', "");
        let talk = get("/").host(&host).answer(401);
        prop_assert!(Filter::parse(&term("host", &host)).unwrap().matches(&case_of(&talk, jwt(), None)));
    }
}
