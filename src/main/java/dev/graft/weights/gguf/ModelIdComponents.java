package dev.graft.weights.gguf;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What the name of a model tells, such as {@code org/Llama-3.2-1B-Instruct}, by the rules of
 * llama.cpp's {@code gguf-py/gguf/metadata.py} for a LoRA; a part is null where it tells none.
 */
record ModelIdComponents(
    String name,
    @Nullable String organization,
    @Nullable String basename,
    @Nullable String finetune,
    @Nullable String version,
    @Nullable String sizeLabel) {
  private static final Pattern VERSION = pattern("(v|iter)?\\d+([.]\\d+)*");
  private static final Pattern TYPE = pattern("i?q\\d(_\\w)*|b?fp?(16|32)");
  private static final Pattern SIZE =
      pattern("(A|\\d+x)?\\d+([._]\\d+)?[KMBT]\\d?|small|mini|medium|large|x?xl");
  private static final Pattern TUNED = pattern("chat|instruct|vision|lora");
  private static final Pattern NUMBER = pattern("\\d+([.]\\d+)?");
  private static final Pattern SHOUTED = pattern("v\\d+(\\.\\d+)*|\\d.*");
  private static final String MAGNITUDES = " KMBT";

  private enum Kind {
    BASENAME,
    SIZE_LABEL,
    FINETUNE,
    VERSION,
    TYPE
  }

  private static Pattern pattern(String text) {
    return Pattern.compile(text, Pattern.CASE_INSENSITIVE);
  }

  /**
   * @param parameters of the weights that the adapter changes: what is much smaller is no size
   */
  static ModelIdComponents of(String id, long parameters) {
    if (id.contains(" ")) return new ModelIdComponents(id, null, null, null, null, null);
    int slash = id.indexOf('/');
    String organization = slash < 0 ? null : id.substring(0, slash);
    if (organization != null && organization.startsWith(".")) organization = null;
    String name = id.substring(slash + 1);
    String[] parts =
        Arrays.stream(name.split("-")).filter(part -> !part.isEmpty()).toArray(String[]::new);
    List<Set<Kind>> kinds = new ArrayList<>();
    for (int i = 0; i < parts.length; i++) kinds.add(kinds(parts, i, parameters));
    dropWords(parts, kinds);
    nameTheRest(parts, kinds);
    String size = joined(parts, kinds, kind -> kind.contains(Kind.SIZE_LABEL), true);
    String finetune = joined(parts, kinds, kind -> kind.contains(Kind.FINETUNE), false);
    String version =
        joined(
            parts,
            kinds,
            kind -> kind.contains(Kind.VERSION) && !kind.contains(Kind.BASENAME),
            false);
    String basename = joined(parts, kinds, kind -> kind.contains(Kind.BASENAME), false);
    boolean ambiguous = size == null && finetune == null && version == null;
    return new ModelIdComponents(
        name, organization, ambiguous ? null : basename, finetune, version, size);
  }

  /** What a part is by itself; its spelling may change. */
  private static Set<Kind> kinds(String[] parts, int i, long parameters) {
    Set<Kind> kinds = EnumSet.noneOf(Kind.class);
    String part = parts[i];
    if (VERSION.matcher(part).matches()) {
      kinds.add(Kind.VERSION);
    } else if (TYPE.matcher(part).matches()) {
      kinds.add(Kind.TYPE);
      parts[i] = upper(part);
    } else if (i > 0 && SIZE.matcher(part).matches()) {
      String size = size(part);
      boolean tooSmall = isContextLength(size, parameters);
      kinds.add(tooSmall ? Kind.FINETUNE : Kind.SIZE_LABEL);
      int last = size.length() - 1;
      parts[i] = tooSmall ? size.substring(0, last) + lower(size.substring(last)) : size;
    } else if (i > 0 && TUNED.matcher(part).matches()) {
      kinds.add(lower(part).equals("lora") ? Kind.TYPE : Kind.FINETUNE);
    }
    return kinds;
  }

  /** 7b1 is 7.1B, 1_5b is 1.5B. */
  private static String size(String part) {
    String size = part.replace('_', '.');
    int last = size.length() - 1;
    if (isDigit(size.charAt(last))) {
      size = size.substring(0, last - 1) + "." + size.charAt(last) + size.charAt(last - 1);
      last = size.length() - 1;
    }
    return isDigit(size.charAt(last - 1))
        ? size.substring(0, last) + upper(size.substring(last))
        : size;
  }

  private static boolean isContextLength(String size, long parameters) {
    int last = size.length() - 1;
    String number = size.substring(0, last);
    if (!NUMBER.matcher(number).matches()) return false;
    double said =
        Double.parseDouble(number) * Math.pow(1000, MAGNITUDES.indexOf(size.charAt(last)));
    return said < parameters / 8;
  }

  /** Words such as "small" are no size where there is a number. */
  private static void dropWords(String[] parts, List<Set<Kind>> kinds) {
    boolean numbered =
        IntStream.range(0, parts.length)
            .filter(i -> kinds.get(i).contains(Kind.SIZE_LABEL))
            .anyMatch(i -> parts[i].chars().anyMatch(Character::isDigit));
    if (!numbered) return;
    for (int i = 0; i < parts.length; i++) {
      if (parts[i].chars().allMatch(Character::isLetter)) kinds.get(i).remove(Kind.SIZE_LABEL);
    }
  }

  /** The name proper begins; what nothing is known of behind it is a fine-tuning. */
  private static void nameTheRest(String[] parts, List<Set<Kind>> kinds) {
    boolean atStart = true;
    for (int i = 0; i < parts.length; i++) {
      Set<Kind> kind = kinds.get(i);
      boolean word = kind.isEmpty() && Character.isLetter(parts[i].charAt(0));
      if (atStart && (word || kind.contains(Kind.VERSION))) {
        kind.add(Kind.BASENAME);
      } else {
        atStart = false;
        if (kind.isEmpty()) kind.add(Kind.FINETUNE);
      }
    }
    for (int i = parts.length - 1; i >= 0; i--) {
      if (!kinds.get(i).contains(Kind.BASENAME) || kinds.get(i).size() == 1) break;
      kinds.get(i).remove(Kind.BASENAME);
    }
  }

  private static @Nullable String joined(
      String[] parts, List<Set<Kind>> kinds, Predicate<Set<Kind>> which, boolean once) {
    List<String> chosen =
        IntStream.range(0, parts.length)
            .filter(i -> which.test(kinds.get(i)))
            .mapToObj(i -> parts[i])
            .collect(Collectors.toCollection(ArrayList::new));
    if (once) chosen = chosen.stream().distinct().toList();
    return chosen.isEmpty() ? null : String.join("-", chosen);
  }

  /** Words with a capital, unless they are versions or numbers, or have capitals of their own. */
  static String title(String id) {
    return Arrays.stream(id.replace('-', ' ').strip().split("\\s+"))
        .map(word -> isLower(word) && !SHOUTED.matcher(word).matches() ? capital(word) : word)
        .collect(Collectors.joining(" "));
  }

  private static boolean isLower(String word) {
    return word.chars().anyMatch(Character::isLowerCase)
        && word.chars().noneMatch(Character::isUpperCase);
  }

  /** As Python's {@code str.title}: whatever follows no letter. */
  private static String capital(String word) {
    StringBuilder text = new StringBuilder();
    boolean inWord = false;
    for (char each : word.toCharArray()) {
      text.append(inWord ? each : Character.toTitleCase(each));
      inWord = Character.isLetter(each);
    }
    return text.toString();
  }

  private static boolean isDigit(char each) {
    return each >= '0' && each <= '9';
  }

  private static String upper(String text) {
    return text.toUpperCase(Locale.ROOT);
  }

  private static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }
}
