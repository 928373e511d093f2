package dev.graft.datasets;

import dev.graft.text.Example;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Who speaks when in a chat. */
final class Turns implements Inspection {
  private final Lines twice = new Lines();
  private final Lines answerFirst = new Lines();
  private final Lines unanswered = new Lines();
  private final Lines withoutSystem = new Lines();
  private final Lines untrained = new Lines();
  private boolean systemSeen;

  @Override
  public void see(InspectedRow row) {
    switch (row.example()) {
      case Example.Chat chat -> {
        if (!chat.trains()) untrained.add(row);
        see(row, chat.messages());
      }
      case Example.ChatPromptCompletion pair ->
          see(row, Stream.concat(pair.prompt().stream(), pair.completion().stream()).toList());
      case Example.PromptCompletion pair -> {}
      case Example.Text text -> {}
      case Example.Labelled labelled -> {}
      case Example.PreferencePair pair -> {}
    }
  }

  private void see(InspectedRow row, List<Map<String, Object>> all) {
    List<Map<String, Object>> turns =
        all.stream().filter(turn -> !InspectedRow.is(turn, "system")).toList();
    if (turns.size() == all.size()) {
      withoutSystem.add(row);
    } else {
      systemSeen = true;
    }
    if (turns.isEmpty()) return;
    if (InspectedRow.is(turns.getFirst(), "assistant")) answerFirst.add(row);
    boolean named = turns.stream().anyMatch(turn -> InspectedRow.is(turn, "assistant"));
    if (named && !InspectedRow.is(turns.getLast(), "assistant")) unanswered.add(row);
    for (int i = 1; i < turns.size(); i++) {
      if (sameSpeaker(turns.get(i - 1), turns.get(i))) {
        twice.add(row);
        return;
      }
    }
  }

  /** Tools may answer one after the other, and the assistant goes on after them. */
  private static boolean sameSpeaker(Map<String, Object> before, Map<String, Object> after) {
    return !InspectedRow.is(after, "tool")
        && String.valueOf(before.get("role")).equals(after.get("role"));
  }

  @Override
  public Stream<QualityFinding> findings() {
    return Stream.of(
            untrained.finding(Defect.NOTHING_TO_TRAIN, Severity.ERROR),
            twice.finding(Defect.TURNS_DO_NOT_ALTERNATE, Severity.WARNING),
            answerFirst.finding(Defect.ANSWER_BEFORE_QUESTION, Severity.ADVICE),
            unanswered.finding(Defect.ENDS_WITHOUT_ANSWER, Severity.ADVICE),
            systemSeen
                ? withoutSystem.finding(Defect.SYSTEM_TURN_IN_SOME, Severity.WARNING)
                : Stream.<QualityFinding>of())
        .flatMap(found -> found);
  }
}
