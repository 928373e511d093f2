package dev.graft.datasets;

import dev.graft.datasets.LikeRows.LongSet;
import dev.graft.datasets.QualityFinding.Defect;
import dev.graft.datasets.QualityFinding.Severity;
import dev.graft.text.Example;
import dev.graft.text.Label;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Sees every row of a training file, then says what it found. */
interface Inspection {
  void see(InspectedRow row);

  Stream<QualityFinding> findings();

  /** The rows that one finding is about: their number, and where the first of them are. */
  static final class Lines {
    private static final int SHOWN = 5;

    private final List<Long> first = new ArrayList<>();
    private long count;

    public void add(InspectedRow row) {
      count++;
      if (first.size() < SHOWN) first.add(row.line());
    }

    /** Rows that none of these are among. */
    public void addAll(Lines others) {
      count += others.count;
      first.addAll(others.first);
      Collections.sort(first);
      while (first.size() > SHOWN) first.removeLast();
    }

    public long count() {
      return count;
    }

    /** Nothing if there is no row. */
    public Stream<QualityFinding> finding(
        QualityFinding.Defect defect, QualityFinding.Severity severity) {
      if (count == 0) return Stream.of();
      return Stream.of(defect.of(severity, count, List.copyOf(first)));
    }
  }

  /** Whether there are enough rows to learn from. */
  static final class EnoughRows implements Inspection {
    private static final int HARDLY_ANY = 10;
    private static final int FEW = 50;

    private long rows;

    @Override
    public void see(InspectedRow row) {
      rows++;
    }

    public long rows() {
      return rows;
    }

    @Override
    public Stream<QualityFinding> findings() {
      if (rows >= FEW) return Stream.of();
      return Stream.of(
          QualityFinding.Defect.FEW_ROWS.ofAll(
              rows < HARDLY_ANY ? QualityFinding.Severity.ERROR : QualityFinding.Severity.ADVICE,
              rows));
    }
  }

  /** Where a prompt ends and its completion begins: pieces of a tokenizer may span that. */
  static final class Borders implements Inspection {
    /** Scripts whose words stand without a space between them. */
    private static final Set<Character.UnicodeScript> WITHOUT_SPACES =
        EnumSet.of(
            Character.UnicodeScript.HAN,
            Character.UnicodeScript.HIRAGANA,
            Character.UnicodeScript.KATAKANA,
            Character.UnicodeScript.THAI,
            Character.UnicodeScript.LAO,
            Character.UnicodeScript.KHMER,
            Character.UnicodeScript.MYANMAR,
            Character.UnicodeScript.TIBETAN);

    private final Lines space = new Lines();
    private final Lines joined = new Lines();

    @Override
    public void see(InspectedRow row) {
      if (!(row.example() instanceof Example.PromptCompletion pair)) return;
      if (pair.prompt().isBlank() || pair.completion().isEmpty()) return;
      int last = pair.prompt().codePointBefore(pair.prompt().length());
      int first = pair.completion().codePointAt(0);
      if (last == ' ') space.add(row);
      if (isOfAWord(last) && isOfAWord(first)) joined.add(row);
    }

    private static boolean isOfAWord(int character) {
      return Character.isLetterOrDigit(character)
          && !WITHOUT_SPACES.contains(Character.UnicodeScript.of(character));
    }

    @Override
    public Stream<QualityFinding> findings() {
      return Stream.concat(
          space.finding(
              QualityFinding.Defect.PROMPT_ENDS_WITH_SPACE, QualityFinding.Severity.ADVICE),
          joined.finding(
              QualityFinding.Defect.COMPLETION_WITHOUT_BREAK, QualityFinding.Severity.WARNING));
    }
  }

  /** Who speaks when in a chat. */
  static final class Turns implements Inspection {
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

  /** What is preferred to what. */
  static final class Pairs implements Inspection {
    private static final int FEWEST = 10;
    private static final int RATIO = 2;

    private final Lines same = new Lines();
    private long rows;
    private long chosenCharacters;
    private long rejectedCharacters;

    @Override
    public void see(InspectedRow row) {
      if (!(row.example() instanceof Example.PreferencePair pair)) return;
      String rejected = rejected(pair);
      rows++;
      chosenCharacters += row.answer().length();
      rejectedCharacters += rejected.length();
      if (row.answerDigest() == InspectedRow.Fingerprint.of(rejected)) same.add(row);
    }

    /** Whether it prefers what it rejects. */
    public static boolean areSame(InspectedRow row) {
      return row.example() instanceof Example.PreferencePair pair
          && row.answerDigest() == InspectedRow.Fingerprint.of(rejected(pair));
    }

    private static String rejected(Example.PreferencePair pair) {
      return InspectedRow.of(pair.rejected()).answer();
    }

    @Override
    public Stream<QualityFinding> findings() {
      return Stream.concat(
          same.finding(QualityFinding.Defect.CHOSEN_IS_REJECTED, QualityFinding.Severity.ERROR),
          rows >= FEWEST && biased()
              ? Stream.of(
                  QualityFinding.Defect.LENGTH_BIAS.ofAll(QualityFinding.Severity.WARNING, rows))
              : Stream.of());
    }

    private boolean biased() {
      return chosenCharacters > RATIO * rejectedCharacters
          || rejectedCharacters > RATIO * chosenCharacters;
    }
  }

  /** Checks prompts and answers: whether they exist, vary, and do not contradict each other. */
  static final class PromptsAndAnswers implements Inspection {
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
      if (!texts && row.conversation().isBlank()) unasked.add(row);
      if (answers.size() < 2) answers.add(row.answerDigest());
      if (prompts.size() < 2) prompts.add(row.promptDigest());
      if (texts || row.conversation().isBlank()) return;
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

  /** How the rows are spread over the classes. Many numbers, or such with a fraction, are none. */
  static final class ClassBalance implements Inspection {
    private static final int MOST_SHOWN = 100;
    private static final int RARE = 5;
    private static final int UNBALANCED = 10;

    /**
     * More distinct labels than this are hardly classes; numbers are then rather values to predict.
     */
    private static final int MOST = 10_000;

    private static final int MOST_NUMBERS = 20;

    /** Rows by all of their labels, so that each is counted once. */
    private final Map<List<String>, Lines> trained = new HashMap<>();

    private final Map<List<String>, Lines> held = new HashMap<>();
    private boolean classes = true;

    /**
     * @param rows of the training file
     */
    public record ClassRows(String label, long rows) {}

    public void held(InspectedRow row) {
      count(row, held);
    }

    @Override
    public void see(InspectedRow row) {
      count(row, trained);
    }

    private void count(InspectedRow row, Map<List<String>, Lines> rows) {
      if (!(row.example() instanceof Example.Labelled labelled)) return;
      List<String> labels = labelled.label().words().stream().distinct().sorted().toList();
      boolean number = labelled.label() instanceof Label.Number;
      classes &= rows.containsKey(labels) || rows.size() < (number ? MOST_NUMBERS : MOST);
      classes &= !number || labels.getFirst().indexOf('.') < 0;
      if (classes) rows.computeIfAbsent(labels, key -> new Lines()).add(row);
    }

    private static Map<String, Long> sizes(Map<List<String>, Lines> rows) {
      Map<String, Long> sizes = new HashMap<>();
      rows.forEach(
          (labels, lines) -> labels.forEach(label -> sizes.merge(label, lines.count(), Long::sum)));
      return sizes;
    }

    /** The largest first. */
    public List<ClassRows> largest() {
      if (!classes) return List.of();
      return sizes(trained).entrySet().stream()
          .map(each -> new ClassRows(each.getKey(), each.getValue()))
          .sorted(
              Comparator.comparingLong(ClassRows::rows).reversed().thenComparing(ClassRows::label))
          .limit(MOST_SHOWN)
          .toList();
    }

    @Override
    public Stream<QualityFinding> findings() {
      Map<String, Long> sizes = sizes(trained);
      if (!classes || sizes.isEmpty()) return Stream.of();
      return Stream.of(
              with(trained, label -> sizes.getOrDefault(label, 0L) < RARE)
                  .finding(QualityFinding.Defect.RARE_CLASS, QualityFinding.Severity.WARNING),
              unbalanced(sizes),
              with(held, label -> !sizes.containsKey(label))
                  .finding(
                      QualityFinding.Defect.CLASS_ONLY_IN_VALIDATION,
                      QualityFinding.Severity.ERROR))
          .flatMap(found -> found);
    }

    /** The rows that have such a label. */
    private static Lines with(Map<List<String>, Lines> rows, Predicate<String> label) {
      Lines with = new Lines();
      rows.forEach(
          (labels, lines) -> {
            if (labels.stream().anyMatch(label)) with.addAll(lines);
          });
      return with;
    }

    private static Stream<QualityFinding> unbalanced(Map<String, Long> sizes) {
      LongSummaryStatistics all =
          sizes.values().stream().mapToLong(Long::longValue).summaryStatistics();
      if (all.getMax() <= UNBALANCED * all.getMin()) return Stream.of();
      return Stream.of(
          QualityFinding.Defect.UNBALANCED_CLASSES.ofAll(
              QualityFinding.Severity.ADVICE, all.getMax()));
    }
  }
}
