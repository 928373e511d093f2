package dev.graft.datasets;

import dev.graft.text.Example;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Stream;

/** Where a prompt ends and its completion begins: pieces of a tokenizer may span that. */
final class Borders implements Inspection {
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
        space.finding(Defect.PROMPT_ENDS_WITH_SPACE, Severity.ADVICE),
        joined.finding(Defect.COMPLETION_WITHOUT_BREAK, Severity.WARNING));
  }
}
