package dev.graft.datasets;

import dev.graft.text.Example;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;

/** What is asked and what is answered: there at all, of more than one kind, not against itself. */
final class PromptsAndAnswers implements Inspection {
  private static final int FEWEST = 5;

  private final LongSet asked = new LongSet();
  private final LongSet answered = new LongSet();
  private final Set<Long> prompts = new HashSet<>();
  private final Set<Long> answers = new HashSet<>();
  private final Lines conflicting = new Lines();
  private final Lines unanswered = new Lines();
  private final Lines unasked = new Lines();
  private long rows;
  private boolean labels;
  private boolean texts;

  @Override
  public void see(InspectedRow row) {
    rows++;
    labels |= row.example() instanceof Example.Labelled;
    texts |= row.example() instanceof Example.Text;
    if (isUnanswered(row)) unanswered.add(row);
    if (!texts && row.said().isBlank()) unasked.add(row);
    if (answers.size() < 2) answers.add(row.answerDigest());
    if (prompts.size() < 2) prompts.add(row.promptDigest());
    if (texts || row.said().isBlank()) return;
    boolean newPrompt = asked.add(row.promptDigest());
    boolean newAnswer = answered.add(row.promptDigest() * 31 + row.answerDigest());
    if (newAnswer && !newPrompt) conflicting.add(row);
  }

  /** Whether it has an empty answer; of a chat, any that trains. */
  public static boolean isUnanswered(InspectedRow row) {
    if (row.example() instanceof Example.Labelled) return false;
    if (row.example() instanceof Example.Chat chat
        && chat.messages().stream().anyMatch(turn -> InspectedRow.is(turn, "assistant"))) {
      return chat.messages().stream()
          .filter(turn -> InspectedRow.is(turn, "assistant"))
          .filter(turn -> !Integer.valueOf(0).equals(turn.get("weight")))
          .anyMatch(turn -> InspectedRow.content(turn).isBlank());
    }
    return row.answer().isBlank();
  }

  @Override
  public Stream<QualityFinding> findings() {
    return Stream.of(
            unanswered.finding(Defect.EMPTY_ANSWER, Severity.ERROR),
            unasked.finding(Defect.EMPTY_PROMPT, Severity.WARNING),
            labels
                ? conflicting.finding(Defect.CONFLICTING_LABELS, Severity.WARNING)
                : conflicting.finding(Defect.CONFLICTING_ANSWERS, Severity.ADVICE),
            oneOnly(answers, Defect.SAME_ANSWER, Severity.ERROR),
            texts
                ? Stream.<QualityFinding>of()
                : oneOnly(prompts, Defect.SAME_PROMPT, Severity.ADVICE))
        .flatMap(found -> found);
  }

  private Stream<QualityFinding> oneOnly(Set<Long> different, Defect defect, Severity severity) {
    if (rows < FEWEST || different.size() > 1) return Stream.of();
    return Stream.of(defect.ofAll(severity, rows));
  }
}
