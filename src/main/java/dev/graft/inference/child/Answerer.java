package dev.graft.inference.child;

import dev.graft.training.Generator;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Answers one {@link Ask} after another on one loaded base model. One platform thread. */
final class Answerer {
  private final ChatText text;
  private final Generator generator;
  private @Nullable String adapter;

  Answerer(ChatText text, Generator generator) {
    this.text = text;
    this.generator = generator;
  }

  Reply answer(Ask ask) {
    try {
      wear(ask.adapter());
      int[] prompt = text.prompt(ask.messages());
      return generate(ask, prompt, tokenBound(ask, prompt.length));
    } catch (PromptRefused refused) {
      return new Reply.Refused(
          ask.id(), refused.cause(), refused.param(), String.valueOf(refused.getMessage()));
    } catch (RuntimeException failed) {
      return new Reply.Failed(
          ask.id(), failed.getClass().getSimpleName() + ": " + failed.getMessage());
    }
  }

  private void wear(@Nullable String wanted) {
    if (Objects.equals(adapter, wanted)) return;
    // After a failure in between, nothing is known about what the base wears.
    adapter = "?";
    generator.adapter(wanted == null ? null : Path.of(wanted));
    adapter = wanted;
  }

  private int tokenBound(Ask ask, int promptTokens) {
    int context = text.contextLength();
    int room = context - promptTokens;
    Integer asked = ask.maxTokens();
    if (room < 1 || (asked != null && asked > room)) {
      String requested =
          asked == null
              ? "the messages have %d tokens".formatted(promptTokens)
              : "you requested %d tokens (%d in the messages, %d in the completion)"
                  .formatted((long) promptTokens + asked, promptTokens, asked);
      throw new PromptRefused(
          Reply.Cause.CONTEXT_LENGTH_EXCEEDED,
          "messages",
          "This model's maximum context length is %d tokens, but %s. Shorten the messages or the completion."
              .formatted(context, requested));
    }
    return asked != null ? asked : Math.min(room, ask.defaultMaxTokens());
  }

  private Reply generate(Ask ask, int[] prompt, int bound) {
    StopStrings stops = new StopStrings(ask.stop());
    Heard heard = new Heard(bound);
    try {
      Generator.Generation whole =
          generator.generate(
              prompt,
              bound,
              text.stopIds(),
              id -> {
                heard.add(id);
                // Decoding costs; nobody pays for it who gave no stop strings.
                if (!ask.stop().isEmpty() && stops.cut(heard.text()) >= 0)
                  throw new StopStringFound();
              });
      String answer = text.decode(whole.ids());
      return new Reply.Answer(ask.id(), answer, prompt.length, whole.ids().length, whole.stopped());
    } catch (StopStringFound found) {
      String answer = heard.text();
      return new Reply.Answer(
          ask.id(), answer.substring(0, stops.cut(answer)), prompt.length, heard.count, true);
    }
  }

  /** The ids of an answer so far. */
  private final class Heard {
    private int[] ids;
    private int count;

    Heard(int bound) {
      ids = new int[Math.min(bound, 64)];
    }

    void add(int id) {
      if (count == ids.length) ids = Arrays.copyOf(ids, count * 2);
      ids[count++] = id;
    }

    String text() {
      return text.decode(Arrays.copyOf(ids, count));
    }
  }

  /** Leaves the decoding loop from its callback. */
  private static final class StopStringFound extends RuntimeException {
    StopStringFound() {
      super(null, null, false, false);
    }
  }
}
