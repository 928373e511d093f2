package dev.graft.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.client.DemoRun.Score.AnsweredQuestion;
import dev.graft.client.SampleData.HeldOutQuestion;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.List;
import org.junit.jupiter.api.Test;

class DemoReportTests {
  private static final List<HeldOutQuestion> QUESTIONS = SampleData.draw(7).questions();

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  @Test
  void aValueCountsOnlyAsAWholeWord() {
    var question =
        new HeldOutQuestion("How heavy?", "The lamp weighs 12 kilograms.", "12 kilograms");
    assertThat(new AnsweredQuestion(question, "The lamp weighs 12 kilograms.").exact()).isTrue();
    assertThat(new AnsweredQuestion(question, "It is 12 kilograms").exact()).isFalse();
    assertThat(new AnsweredQuestion(question, "It is 12 kilograms").value()).isTrue();
    assertThat(new AnsweredQuestion(question, "It is 112 kilograms").value()).isFalse();
  }

  @Test
  void sentencesAndValuesAreCountedApart() {
    var score =
        DemoRun.Score.of(
            List.of(
                new AnsweredQuestion(QUESTIONS.get(0), QUESTIONS.get(0).answer()),
                new AnsweredQuestion(QUESTIONS.get(1), QUESTIONS.get(1).value()),
                new AnsweredQuestion(QUESTIONS.get(2), "no")));
    assertThat(score).isEqualTo(new DemoRun.Score(3, 1, 2));
  }

  @Test
  void theSeedDrawsTheThreeQuestionsShown() {
    assertThat(shown(1)).isEqualTo(shown(1)).isNotEqualTo(shown(2));
    assertThat(shown(1).lines().filter(line -> line.contains("    base"))).hasSize(3);
  }

  @Test
  void plainOutputHasNoEscapes() {
    assertThat(shown(1)).doesNotContain("\033");
  }

  private String shown(long seed) {
    out.reset();
    var right = QUESTIONS.stream().map(q -> new AnsweredQuestion(q, q.answer())).toList();
    var wrong = QUESTIONS.stream().map(q -> new AnsweredQuestion(q, "I do not know.")).toList();
    var print = new PrintStream(out, true, UTF_8);
    new DemoRun.DemoReport(new Screen(print, print, false), seed, wrong, right).threeQuestions();
    return out.toString(UTF_8);
  }
}
