package dev.graft.inference.child;

import java.util.List;
import java.util.Set;

/** A model's own way between conversations and token ids: its tokenizer and chat template. */
interface ChatText {
  /**
   * The ids of the conversation up to where the assistant's answer begins.
   *
   * @throws PromptRefused if a turn holds text that must not be tokenised, or the template refuses
   */
  int[] prompt(List<Ask.Turn> messages);

  /** The text of generated ids, without special tokens. */
  String decode(int[] ids);

  /** The bytes that a token stands for, perhaps a part of a character. */
  byte[] bytes(int id);

  /** Ids that end a turn. */
  Set<Integer> stopIds();
}
