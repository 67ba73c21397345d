//! The streaming of a space, and what all streamed spaces share. Whoever changes either says which version was read; where
//! another was quicker the write is not done, and is begun anew from what is there now.

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{COMMONS, commons, key, name, of_commons, of_streaming, text};
use super::{SpacesTable, done};
use crate::space::SpaceId;
use crate::space::commons::Commons;
use crate::space::record::SpaceState;
use crate::space::streaming::Streaming;
use crate::store::Error;
use crate::store::of_dynamodb;

impl SpacesTable {
    /// Replaces the streaming of a space, which is `was`, by another, whose version becomes the next; takes it away where there
    /// is no other. `false` where it is not as it was any more, or there is no such space; one that is being deleted can only
    /// lose it.
    pub async fn set_streaming(
        &self,
        id: &SpaceId,
        was: Option<&Streaming>,
        other: Option<&Streaming>,
    ) -> Result<bool, Error> {
        let mut update = self.client.update_item().table_name(&self.table).set_key(Some(key(id)));
        update = update.expression_attribute_names("#streaming", "streaming");
        let mut conditions = vec!["attribute_exists(#space)"];
        update = update.expression_attribute_names("#space", "space");
        match was {
            None => conditions.push("attribute_not_exists(#streaming)"),
            Some(was) => {
                conditions.push("#streaming.#version = :version");
                update = update
                    .expression_attribute_names("#version", "version")
                    .expression_attribute_values(":version", AttributeValue::N(was.version.to_string()));
            }
        }
        match other {
            None => update = update.update_expression("REMOVE #streaming"),
            Some(other) => {
                let version = was.map_or(0, |was| was.version.saturating_add(1));
                conditions.push("#state = :live");
                update = update
                    .update_expression("SET #streaming = :streaming")
                    .expression_attribute_names("#state", "state")
                    .expression_attribute_values(":live", text(name(SpaceState::Live)))
                    .expression_attribute_values(
                        ":streaming",
                        AttributeValue::M(of_streaming(&Streaming { version, ..other.clone() })),
                    );
            }
        }
        done(update.condition_expression(conditions.join(" AND ")).send().await)
    }

    /// What all streamed spaces share; as good as empty where nothing is yet.
    pub async fn commons(&self) -> Result<Commons, Error> {
        let request = self.client.get_item().table_name(&self.table).key("space", text(COMMONS)).consistent_read(true);
        let answer = request.send().await.map_err(|error| of_dynamodb(&error))?;
        let Some(item) = answer.item else { return Ok(Commons::default()) };
        commons(&item).ok_or_else(|| Error::dynamodb("what streamed spaces share is not as it was written"))
    }

    /// Replaces what is shared, which was read as the version before this one's; `false` where it is another by now.
    pub async fn set_commons(&self, commons: &Commons) -> Result<bool, Error> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(of_commons(commons)));
        let put = match commons.version.checked_sub(1) {
            None | Some(0) => put.condition_expression("attribute_not_exists(#version)"),
            Some(before) => put
                .condition_expression("#version = :before")
                .expression_attribute_values(":before", AttributeValue::N(before.to_string())),
        };
        done(put.expression_attribute_names("#version", "version").send().await)
    }
}
