//! SMS parts: one text over UDH, or numbered separate messages. To be written.
