package dev.graft.inference;

import java.util.Optional;

/** How an endpoint writes an answer: its names, and what stands in {@code choices}. */
interface CompletionFormat {
  /** What ids of answers begin with. */
  String idPrefix();

  /** What a whole answer is called. */
  String object();

  /** What each part of a streamed answer is called. */
  String chunkObject();

  Object whole(int choice, OngoingGeneration.Choice answer);

  /** Before the first text of any choice, for each choice. */
  Optional<Object> begin(int choice);

  Object text(Reply.Piece piece);

  /** The last of a choice. */
  Object end(int choice, Reply.End end);
}
