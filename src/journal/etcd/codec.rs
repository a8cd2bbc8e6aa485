//! Messages as gRPC carries them. tonic has this in a crate of its own, with more than is wanted here.

use std::marker::PhantomData;

use prost::Message;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// Writes an `Ask` and reads an `Answer`.
pub struct Prost<Ask, Answer>(PhantomData<fn(Ask) -> Answer>);

/// One side of it.
pub struct Side<M>(PhantomData<fn(M) -> M>);

impl<Ask, Answer> Prost<Ask, Answer> {
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<Ask: Message + 'static, Answer: Message + Default + 'static> Codec for Prost<Ask, Answer> {
    type Encode = Ask;
    type Decode = Answer;
    type Encoder = Side<Ask>;
    type Decoder = Side<Answer>;

    fn encoder(&mut self) -> Side<Ask> {
        Side(PhantomData)
    }
    fn decoder(&mut self) -> Side<Answer> {
        Side(PhantomData)
    }
}

impl<M: Message> Encoder for Side<M> {
    type Item = M;
    type Error = Status;

    fn encode(&mut self, message: M, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        message.encode(to).map_err(|e| Status::internal(e.to_string()))
    }
}

impl<M: Message + Default> Decoder for Side<M> {
    type Item = M;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<M>, Status> {
        M::decode(from).map(Some).map_err(|e| Status::internal(e.to_string()))
    }
}
