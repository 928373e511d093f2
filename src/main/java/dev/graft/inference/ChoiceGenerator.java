package dev.graft.inference;

import dev.graft.model.Generator;
import dev.graft.model.Sampling.Sampler;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Makes one choice of an answer, token by token. */
final class ChoiceGenerator {
  private final GenerateAsk ask;
  private final int choice;
  private final ChatText text;
  private final @Nullable Scorer scorer;
  private final Consumer<Reply.Piece> pieces;

  /**
   * @param scorer null if no scores are wanted
   */
  ChoiceGenerator(
      GenerateAsk ask,
      int choice,
      ChatText text,
      @Nullable Scorer scorer,
      Consumer<Reply.Piece> pieces) {
    this.ask = ask;
    this.choice = choice;
    this.text = text;
    this.scorer = scorer;
    this.pieces = pieces;
  }

  /** Returns how many tokens it has made. */
  int speak(PrefilledPrompt prompt, int bound, BooleanSupplier cancelled) {
    Generator.Text read = prompt.text();
    if (choice > 0) read.rewind();
    if (ask.decoding().echo()) say(prompt.echo(), null);
    Sampler sampler = ask.decoding().sampling().sampler(choice);
    GeneratedText answer = new GeneratedText(text, ask.decoding().stop(), prompt.echo().points());
    int made = 0;
    for (int last = 0; !cancelled.getAsBoolean(); made++) {
      if (made == bound) {
        GeneratedText.Said rest = answer.rest();
        say(rest, answer.stopped() ? Reply.End.STOP : Reply.End.LENGTH);
        break;
      }
      if (made > 0) read.append(last);
      last = sampler.next(read.logits());
      if (text.stopIds().contains(last)) {
        say(answer.rest(), Reply.End.STOP);
        break;
      }
      TokenScore score = scorer == null ? null : scorer.score(last, read.logits(), answer.length());
      GeneratedText.Said said = answer.add(last, score);
      say(said, answer.stopped() ? Reply.End.STOP : null);
      if (answer.stopped()) return made + 1;
    }
    return made;
  }

  private void say(GeneratedText.Said said, Reply.@Nullable End end) {
    if (end == null && said.isNothing()) return;
    pieces.accept(new Reply.Piece(ask.id(), choice, said.text(), said.scores(), end));
  }
}
