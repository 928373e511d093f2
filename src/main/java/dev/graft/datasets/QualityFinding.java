package dev.graft.datasets;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A likely defect of rows.
 *
 * @param count of the affected rows
 * @param lines of the first affected rows, counted from 1; empty for the file as a whole
 * @param message the defect and the number of rows; contains nothing of their content
 * @param remedy what to do
 * @param remediedBy the remedy that Graft can apply on request; null = a person must act
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
        "Remove them: repeated rows weigh twice as much in training.",
        Remedy.DROP_DUPLICATES),
    NEAR_DUPLICATE_ROWS(
        "Rows that are nearly an earlier row",
        "Keep the best of each group, or vary the texts.",
        Remedy.DROP_NEAR_DUPLICATES),
    ROW_IN_VALIDATION(
        "Rows that are in the validation file too",
        "Remove them from one of the two files: rows that were trained on measure nothing.",
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
        "Rows with the prompt of an earlier row and another answer",
        "Decide on one answer, unless all of them are wanted."),
    CONFLICTING_LABELS(
        "Rows with another label than an earlier row with the same text", "Decide on one label."),
    NOTHING_TO_TRAIN(
        "Rows without an assistant turn that trains",
        "Name the roles system, user, assistant and tool (human is user, gpt is assistant; converting"
            + " the file does that), and give an assistant turn the weight 1: a job refuses a file of"
            + " such rows."),
    EMPTY_ANSWER(
        "Rows with an empty answer",
        "Remove them: the model would learn to answer with nothing.",
        Remedy.DROP_EMPTY_ANSWERS),
    EMPTY_PROMPT("Rows with an empty prompt", "Add the prompts, or train on the answers as texts."),
    SAME_ANSWER(
        "All rows have the same answer",
        "Add rows with other answers: the model would learn nothing else."),
    SAME_PROMPT(
        "All rows have the same prompt",
        "Add rows with other prompts, if the model will get others."),
    PROMPT_ENDS_WITH_SPACE(
        "Prompts that end with a space",
        "Begin the completion with the space: most tokenizers join a space with the next word.",
        Remedy.TRIM_PROMPTS),
    COMPLETION_WITHOUT_BREAK(
        "Completions that continue the last word of their prompts",
        "Begin the completion with a space or a line break."),
    TURNS_DO_NOT_ALTERNATE(
        "Rows with two consecutive turns of one speaker",
        "Join them: many chat templates refuse them."),
    ANSWER_BEFORE_QUESTION(
        "Rows that begin with an answer",
        "Begin with a turn of the user, as in later requests; some templates fail otherwise."),
    ENDS_WITHOUT_ANSWER(
        "Rows with turns after the last answer",
        "Remove these turns: the model learns nothing from them unless every token trains."),
    SYSTEM_TURN_IN_SOME(
        "Rows without a system turn, while others have one",
        "Give all rows the system turn that later requests will have, or none."),
    RARE_CLASS(
        "Rows of a class that has fewer than five rows",
        "Collect more rows of it, or merge it with another class."),
    UNBALANCED_CLASSES(
        "Rows of the largest class, more than ten times those of the smallest",
        "Collect more rows of the small classes, and measure more than accuracy."),
    CLASS_ONLY_IN_VALIDATION(
        "Rows of the validation file of a class without training rows",
        "Add rows of the class to the training file."),
    CHOSEN_IS_REJECTED(
        "Rows whose preferred and rejected answers are equal",
        "Remove them: they teach nothing.",
        Remedy.DROP_EQUAL_PAIRS),
    LENGTH_BIAS(
        "Preferred answers are more than twice, or less than half, as long as rejected ones",
        "Balance the lengths, or the model learns length."),
    SECRET(
        "Rows with what looks like a key of a service",
        "Replace it, and revoke it: the model may repeat it to anyone who asks."),
    CARD_NUMBER("Rows with the number of a payment card", "Replace it with an invented one."),
    BANK_ACCOUNT(
        "Rows with the number of a bank account (IBAN)", "Replace it with an invented one."),
    SOCIAL_SECURITY_NUMBER(
        "Rows with what looks like a US social security number",
        "Replace it with an invented one."),
    EMAIL_ADDRESS(
        "Rows with an e-mail address",
        "Replace the addresses of people, for example with name@example.com."),
    PHONE_NUMBER("Rows with a telephone number", "Replace the numbers of people."),
    SPECIAL_TOKEN(
        "Rows with what looks like a special token of a model",
        "Remove it if it comes from an export; a job refuses it if the base model has this token."),
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
     * @param lines of the first affected rows; empty for the file as a whole
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
