package dev.graft.inference;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** A test double: one code point is one token, 0 ends a turn. */
public final class ParrotText implements ChatText {
  static final int END = 0;

  @Override
  public int[] conversation(List<Prompt.Turn> turns) {
    String all = turns.stream().map(Prompt.Turn::content).collect(Collectors.joining("\n"));
    if (all.contains("<end>")) {
      throw new InferrerCommand.PromptRefused(
          Reply.Cause.INVALID_PROMPT, "messages", "special token in the text");
    }
    return all.codePoints().toArray();
  }

  /** "^" stands in front of a text. */
  @Override
  public Plain plain(String text) {
    return new Plain(("^" + text).codePoints().toArray(), 1);
  }

  /** The answer after a line break, and the end of its turn. */
  @Override
  public Plain answered(Prompt.Answered answered) {
    int[] before =
        switch (answered.before()) {
          case Prompt.Conversation turns -> conversation(turns.turns());
          case Prompt.PlainText plain -> plain(plain.text()).ids();
          case Prompt other -> throw new IllegalArgumentException(other + " takes no answer");
        };
    int[] answer = ("\n" + answered.answer() + (char) END).codePoints().toArray();
    int[] all = Arrays.copyOf(before, before.length + answer.length);
    System.arraycopy(answer, 0, all, before.length, answer.length);
    return new Plain(all, before.length + 1);
  }

  @Override
  public String decode(int[] ids) {
    return new String(ids, 0, ids.length);
  }

  @Override
  public byte[] bytes(int id) {
    return decode(new int[] {id}).getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public Set<Integer> stopIds() {
    return Set.of(END);
  }
}
