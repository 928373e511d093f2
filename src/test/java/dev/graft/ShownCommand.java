package dev.graft;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A command line that a page shows.
 *
 * @param page its file, from the root of the repository
 * @param words the program and its arguments, without quotes, comments and what a shell does
 */
public record ShownCommand(String page, List<String> words) {
  private static final Pattern BLOCK =
      Pattern.compile("^```(\\w*)\\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);
  private static final Set<String> SHELL = Set.of("", "bash", "sh");
  private static final Pattern INLINE = Pattern.compile("`((?:bin/)?graft [^`]+)`");
  private static final Pattern SUBSTITUTED = Pattern.compile("[$<]\\((bin/graft [^)]+)\\)");
  private static final Pattern WORD =
      Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"|'([^']*)'|(&&?|[|;<>]+)|([^\\s\"'|;<>&]+)");
  private static final Pattern ASSIGNMENT = Pattern.compile("[A-Z_]+=.*");

  /** Those of the blocks of a page, in their order. */
  public static Stream<ShownCommand> inBlocks(String page, String text) {
    return BLOCK
        .matcher(text)
        .results()
        .filter(block -> SHELL.contains(block.group(1)))
        .flatMap(block -> block.group(2).replace("\\\n", " ").lines())
        .flatMap(ShownCommand::withSubstituted)
        .map(line -> of(page, line))
        .filter(command -> command.isGraft() || command.isCurl());
  }

  /** Those in the sentences of a page, which may leave out what a command needs. */
  static Stream<ShownCommand> inSentences(String page, String text) {
    return INLINE.matcher(text).results().map(inline -> of(page, inline.group(1)));
  }

  private static Stream<String> withSubstituted(String line) {
    return Stream.concat(
        Stream.of(line), SUBSTITUTED.matcher(line).results().map(inner -> inner.group(1)));
  }

  private static ShownCommand of(String page, String line) {
    List<String> words = new ArrayList<>();
    Matcher word = WORD.matcher(line);
    while (word.find()) {
      if (word.group(3) != null || word.group().startsWith("#")) break;
      words.add(
          word.group(1) != null
              ? word.group(1)
              : word.group(2) != null ? word.group(2) : word.group());
    }
    while (!words.isEmpty() && ASSIGNMENT.matcher(words.getFirst()).matches()) words.removeFirst();
    return new ShownCommand(page, List.copyOf(words));
  }

  public boolean isGraft() {
    return !words.isEmpty() && List.of("graft", "bin/graft").contains(words.getFirst());
  }

  public boolean isCurl() {
    return !words.isEmpty() && words.getFirst().equals("curl");
  }

  public List<String> arguments() {
    return words.subList(1, words.size());
  }

  @Override
  public String toString() {
    return page + ": " + String.join(" ", words);
  }
}
