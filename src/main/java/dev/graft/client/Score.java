package dev.graft.client;

import dev.graft.client.SampleData.HeldOutQuestion;
import java.util.List;
import java.util.regex.Pattern;

/**
 * How many answers were right.
 *
 * @param sentences answers that are the expected sentence, letter for letter
 * @param values answers that hold the expected value and are at most one sentence long
 */
record Score(int questions, int sentences, int values) {
  /** A question and what a model answered. */
  record AnsweredQuestion(HeldOutQuestion question, String text) {
    boolean exact() {
      return text.equals(question.answer());
    }

    boolean value() {
      return Pattern.compile("(?<!\\w)" + Pattern.quote(question.value()) + "(?!\\w)")
          .matcher(text)
          .find();
    }
  }

  static Score of(List<AnsweredQuestion> answers) {
    return new Score(
        answers.size(),
        (int) answers.stream().filter(AnsweredQuestion::exact).count(),
        (int) answers.stream().filter(AnsweredQuestion::value).count());
  }

  double sentenceShare() {
    return questions == 0 ? 0 : (double) sentences / questions;
  }
}
