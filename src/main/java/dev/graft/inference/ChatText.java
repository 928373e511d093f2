package dev.graft.inference;

import java.util.List;
import java.util.Set;

/** A model's own way between texts and token ids: its tokenizer and chat template. */
interface ChatText {
  /**
   * The ids of the conversation up to where the assistant's answer begins.
   *
   * @throws PromptRefused if the model takes no chats, a turn holds text that must not be
   *     tokenised, or the template refuses
   */
  int[] conversation(List<Prompt.Turn> turns);

  /** A text, with what the tokenizer itself puts in front of one. */
  Plain plain(String text);

  /**
   * The ids of a prompt and the answer to it, up to the last that training would have a loss on.
   *
   * @return the ids of the prompt count as added
   * @throws PromptRefused as {@link #conversation}, or if the answer has no token
   */
  Plain answered(Prompt.Answered answered);

  /**
   * @param ids may be empty
   * @param added how many of the first ids are not the text's own
   */
  record Plain(int[] ids, int added) {}

  /** The text of generated ids, without special tokens. */
  String decode(int[] ids);

  /** The bytes that a token stands for, perhaps a part of a character. */
  byte[] bytes(int id);

  /** Ids that end a turn. */
  Set<Integer> stopIds();
}
