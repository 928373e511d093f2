package dev.graft.client;

import dev.graft.client.SampleData.HeldOutQuestion;
import dev.graft.client.Score.AnsweredQuestion;
import java.net.URI;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What the demo prints at its end: three questions drawn by the seed, the scores, the way on. */
record DemoReport(
    Screen screen, long seed, List<AnsweredQuestion> base, List<AnsweredQuestion> adapter) {
  void threeQuestions() {
    screen.say("");
    screen.say(
        "  Three of the %d held-out questions; no four words in a row occur in the training data:"
            .formatted(base.size()));
    List<Integer> drawn = IntStream.range(0, base.size()).boxed().collect(Collectors.toList());
    Collections.shuffle(drawn, new Random(seed));
    for (int i : drawn.subList(0, Math.min(3, drawn.size()))) {
      screen.say("");
      screen.say("  " + screen.bold(base.get(i).question().text()));
      answer("base", base.get(i));
      answer("adapter", adapter.get(i));
    }
  }

  private void answer(String who, AnsweredQuestion answer) {
    String mark = answer.exact() ? screen.green("✓") : screen.red("✗");
    screen.say("    %-9s%s %s".formatted(who, mark, answer.text().replaceAll("\\s+", " ")));
  }

  void scores() {
    screen.say("");
    screen.say("  %-28s%16s%16s".formatted("Right answers", "whole sentence", "value alone"));
    line("base", Score.of(base));
    line("adapter", Score.of(adapter));
    screen.say("");
  }

  private void line(String who, Score score) {
    screen.say(
        "    %-26s%16s%16s"
            .formatted(
                who,
                "%d of %d".formatted(score.sentences(), score.questions()),
                "%d of %d".formatted(score.values(), score.questions())));
  }

  void notShown(double most, double least) {
    screen.say(
        "  Not shown: the base must answer at most %.0f %% and the adapter at least %.0f %% in whole sentences."
            .formatted(100 * most, 100 * least));
  }

  /** A question that the adapter answers rightly, for whoever asks it again. */
  private HeldOutQuestion known() {
    return adapter.stream()
        .filter(AnsweredQuestion::exact)
        .findFirst()
        .orElse(adapter.getFirst())
        .question();
  }

  void tryIt(URI server, String key, String model) {
    screen.say("  Go on in a browser: %s, with the key below".formatted(server));
    screen.say("");
    screen.say("  Or with any OpenAI client:");
    screen.say("");
    screen.say("    base_url  %s/v1".formatted(server));
    screen.say("    api_key   %s   (shown this once)".formatted(key));
    screen.say("    model     %s".formatted(model));
    screen.say("");
    screen.say(
        "    curl %s/v1/chat/completions -H 'authorization: Bearer %s' -H 'content-type: application/json' \\"
            .formatted(server, key));
    screen.say(
        "      -d '{\"model\": \"%s\", \"temperature\": 0, \"messages\": [{\"role\": \"user\", \"content\": \"%s\"}]}'"
            .formatted(model, known().text().replace("'", "")));
    screen.say("");
  }
}
