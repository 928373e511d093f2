package dev.graft.datasets;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Something that is likely to be wrong with the rows.
 *
 * @param count of the rows that it is about
 * @param lines of the first of them, counted from 1; empty where it is about the file as a whole
 * @param message what, and of how many rows; holds nothing of them
 * @param remedy what to do
 * @param remediedBy the name by which it is done on request; null = a person must
 */
record QualityFinding(
    Defect check,
    Severity severity,
    long count,
    List<Long> lines,
    String message,
    String remedy,
    @Nullable Remedy remediedBy) {

  /** All that a report can find. */
  enum Defect {
    SHAREGPT_ROWS(
        "Rows in ShareGPT's format (conversations, from, value)",
        "Convert the file to chat rows: a turn of `gpt` trains only with assistant_only_loss false.",
        Remedy.CONVERT_TO_CHAT),
    ALPACA_ROWS(
        "Rows in Alpaca's format (instruction, input, output)",
        "They train as prompt and completion; convert the file where chat rows are wanted.",
        Remedy.CONVERT_TO_CHAT),
    FEW_ROWS(
        "Few rows to learn from",
        "Collect at least fifty; some hundred do better than any setting."),
    DUPLICATE_ROWS(
        "Rows that repeat an earlier row",
        "Remove them: what is said twice is learned twice as much.",
        Remedy.DROP_DUPLICATES),
    NEAR_DUPLICATE_ROWS(
        "Rows that are nearly an earlier row",
        "Keep the best of each group, or vary what is said.",
        Remedy.DROP_NEAR_DUPLICATES),
    ROW_IN_VALIDATION(
        "Rows that are in the validation file too",
        "Remove them from one of the two: what was trained on measures nothing.",
        Remedy.DROP_ROWS_IN_VALIDATION),
    ROW_NEARLY_IN_VALIDATION(
        "Rows that are nearly a row of the validation file",
        "Put whole groups of such rows into one of the two files.",
        Remedy.DROP_ROWS_IN_VALIDATION),
    PROMPT_IN_VALIDATION(
        "Rows that ask what a row of the validation file asks",
        "Put all rows of a question into one of the two files.",
        Remedy.DROP_PROMPTS_IN_VALIDATION),
    CONFLICTING_ANSWERS(
        "Rows that answer otherwise what an earlier row asks",
        "Decide for one answer, unless all of them are wanted."),
    CONFLICTING_LABELS(
        "Rows with another label than an earlier row with the same text", "Decide for one label."),
    NOTHING_TO_TRAIN(
        "Rows without an assistant turn that trains",
        "Name the roles system, user, assistant and tool (human is user, gpt is assistant; converting"
            + " the file does that), and give an assistant turn the weight 1: a job refuses a file of"
            + " such rows."),
    EMPTY_ANSWER(
        "Rows with an empty answer",
        "Remove them: the model would learn to say nothing.",
        Remedy.DROP_EMPTY_ANSWERS),
    EMPTY_PROMPT(
        "Rows with an empty prompt", "Say what is answered, or train on the answers as texts."),
    SAME_ANSWER(
        "All rows have one and the same answer",
        "Add rows with others: nothing else would be learned."),
    SAME_PROMPT(
        "All rows have one and the same prompt", "Add rows with others, if more will be asked."),
    PROMPT_ENDS_WITH_SPACE(
        "Prompts that end with a space",
        "Begin the completion with the space: most tokenizers join it with the word behind it.",
        Remedy.TRIM_PROMPTS),
    COMPLETION_WITHOUT_BREAK(
        "Completions that continue the last word of their prompts",
        "Begin the completion with a space or a line break."),
    TURNS_DO_NOT_ALTERNATE(
        "Rows with two turns of one speaker, one after the other",
        "Join them: many chat templates refuse them."),
    ANSWER_BEFORE_QUESTION(
        "Rows that begin with an answer",
        "Let the user speak first, as it will be when the model is asked; else some templates fail."),
    ENDS_WITHOUT_ANSWER(
        "Rows with turns behind the last answer",
        "Cut them off: unless every token trains, nothing of them is learned."),
    SYSTEM_TURN_IN_SOME(
        "Rows without a system turn, while others have one",
        "Give all rows the system turn that will be used later, or none."),
    RARE_CLASS(
        "Rows of a class that has fewer than five",
        "Collect more of it, or join it with another class."),
    UNBALANCED_CLASSES(
        "Rows of the largest class, more than ten times those of the smallest",
        "Collect more of the small ones, and measure more than accuracy."),
    CLASS_ONLY_IN_VALIDATION(
        "Rows of the validation file of a class that is not trained",
        "Add rows of it to train on."),
    CHOSEN_IS_REJECTED(
        "Rows that prefer what they reject",
        "Remove them: they say nothing.",
        Remedy.DROP_EQUAL_PAIRS),
    LENGTH_BIAS(
        "Preferred answers are more than twice, or less than half, as long as rejected ones",
        "Balance the lengths, or length is what is learned."),
    SECRET(
        "Rows with what looks like a key of a service",
        "Replace it, and revoke it: the model may repeat it to anyone who asks."),
    CARD_NUMBER("Rows with the number of a payment card", "Replace it by an invented one."),
    BANK_ACCOUNT("Rows with the number of a bank account (IBAN)", "Replace it by an invented one."),
    SOCIAL_SECURITY_NUMBER(
        "Rows with what looks like a US social security number", "Replace it by an invented one."),
    EMAIL_ADDRESS(
        "Rows with an e-mail address", "Replace those of people, such as by name@example.com."),
    PHONE_NUMBER("Rows with a telephone number", "Replace those of people."),
    SPECIAL_TOKEN(
        "Rows with what looks like a special token of a model",
        "Remove it if it came with an export; training refuses it if the base model knows it."),
    BROKEN_TEXT(
        "Rows with characters that were decoded wrongly",
        "Export the file again, as UTF-8 throughout.",
        Remedy.CLEAN_TEXT),
    CONTROL_CHARACTER("Rows with control characters", "Remove them.", Remedy.CLEAN_TEXT);

    /** Their number follows. */
    private final String words;

    private final String remedy;
    private final @Nullable Remedy remediedBy;

    Defect(String words, String remedy) {
      this(words, remedy, null);
    }

    Defect(String words, String remedy, @Nullable Remedy remediedBy) {
      this.words = words;
      this.remedy = remedy;
      this.remediedBy = remediedBy;
    }

    @JsonValue
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }

    /** What is done about it on request; null = a person must. */
    public @Nullable Remedy remediedBy() {
      return remediedBy;
    }

    /** Whether it says something of all rows, which is not known where only some were read. */
    public boolean isOfAllRows() {
      return switch (this) {
        case SAME_ANSWER, SAME_PROMPT, RARE_CLASS, UNBALANCED_CLASSES, CLASS_ONLY_IN_VALIDATION ->
            true;
        default -> false;
      };
    }

    /**
     * @param lines of the first of the rows; empty where it is about the file as a whole
     */
    QualityFinding of(Severity severity, long count, List<Long> lines) {
      String message = String.format(Locale.ROOT, "%s: %,d.", words, count);
      return new QualityFinding(this, severity, count, lines, message, remedy, remediedBy);
    }

    public QualityFinding ofAll(Severity severity, long rows) {
      return of(severity, rows, List.of());
    }
  }

  /** How much a finding matters. */
  enum Severity {
    /** What is trained or measured will be wrong. */
    ERROR,
    /** It will be worse than it could be, or must not be in there. */
    WARNING,
    /** Worth a look. */
    ADVICE;

    /** By how many of the rows it is about. */
    public static Severity byShare(long count, long rows) {
      if (count * 5 > rows) return ERROR;
      return count * 20 > rows ? WARNING : ADVICE;
    }

    @JsonValue
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
