package dev.graft.weights.gguf;

import dev.graft.weights.AdapterCard;
import dev.graft.weights.gguf.GgufWriter.GgufField;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The fields in the head of an adapter's GGUF file, in the order and by the rules of llama.cpp's
 * {@code convert_lora_to_gguf.py} and {@code gguf-py/gguf/metadata.py}.
 */
final class GgufMetadata {
  private static final String HUB = "https://huggingface.co/";
  private static final Pattern ON_HUB = Pattern.compile("https?://huggingface\\.co/([^/]+/[^/]+)");
  private static final Pattern URL = Pattern.compile("(https?|ssh)://.*", Pattern.DOTALL);
  private static final int QUANTIZATION_VERSION = 2;

  private static final List<String> ORIGINS =
      List.of("name author version organization description url doi uuid repo_url".split(" "));

  private final List<GgufField> fields = new ArrayList<>();
  private final AdapterCard card;
  private final long parameters;

  private GgufMetadata(AdapterCard card, long parameters) {
    this.card = card;
    this.parameters = parameters;
  }

  /**
   * @param parameters number of parameters of the weights that the adapter changes
   */
  static List<GgufField> of(String architecture, AdapterCard card, double alpha, long parameters) {
    GgufMetadata metadata = new GgufMetadata(card, parameters);
    metadata.text("general.architecture", architecture);
    metadata.text("general.type", "adapter");
    metadata.text("adapter.type", "lora");
    metadata.sampling();
    metadata.names();
    metadata.origins("base_model", "base_model", "base_models", "base_model_sources");
    metadata.origins("dataset", "datasets", "dataset", "dataset_sources");
    metadata.lists("general.tags", "tags", "pipeline_tag");
    metadata.lists("general.languages", "languages", "language");
    metadata.fields.add(new GgufField.Real("adapter.lora.alpha", (float) alpha));
    metadata.fields.add(
        new GgufField.Unsigned("general.quantization_version", QUANTIZATION_VERSION));
    return List.copyOf(metadata.fields);
  }

  private void text(String key, @Nullable String value) {
    if (value != null && !value.isEmpty()) fields.add(new GgufField.Text(key, value));
  }

  private void sampling() {
    if (card.generation().get("sequence") instanceof String text) {
      text("general.sampling.sequence", text);
    }
    signed("top_k", "top_k");
    real("top_p", "top_p");
    real("min_p", "min_p");
    real("xtc_probability", "xtc_probability");
    real("xtc_threshold", "xtc_threshold");
    real("temp", "temperature");
    signed("penalty_last_n", "penalty_last_n");
    real("penalty_repeat", "penalty_repeat", "repetition_penalty");
    signed("mirostat", "mirostat");
    real("mirostat_tau", "mirostat_tau");
    real("mirostat_eta", "mirostat_eta");
  }

  private void signed(String key, String setting) {
    if (card.generation().get(setting) instanceof Integer number) {
      fields.add(new GgufField.Signed("general.sampling." + key, number));
    }
  }

  private void real(String key, String... settings) {
    for (String setting : settings) {
      if (card.generation().get(setting) instanceof Number number) {
        fields.add(new GgufField.Real("general.sampling." + key, number.floatValue()));
        return;
      }
    }
  }

  /** Adds the fields of the card, with parts of the name for missing ones. */
  private void names() {
    ModelIdComponents id = ModelIdComponents.of(card.name(), parameters);
    text("general.name", or(card.text("name", "model_name"), ModelIdComponents.title(id.name())));
    text("general.author", card.text("author", "model_author", "model_creator"));
    text("general.version", or(card.text("version", "model_version"), id.version()));
    text(
        "general.organization",
        or(card.text("organization", "model_organization"), id.organization()));
    text("general.finetune", or(card.text("finetune", "model_finetune"), id.finetune()));
    text(
        "general.basename",
        or(card.text("basename", "model_basename", "model_type"), id.basename()));
    text("general.description", card.text("description", "model_description"));
    text("general.size_label", or(card.text("size_label", "model_size_label"), id.sizeLabel()));
    List<String> licenses = card.texts("license");
    text("general.license", String.join(",", licenses));
    text("general.license.name", card.text("license_name"));
    text("general.license.link", card.text("license_link"));
    for (String origin : List.of("url", "doi", "uuid", "repo_url")) {
      text("general.source." + origin, card.text(origin, "model_" + origin));
    }
  }

  private static @Nullable String or(@Nullable String value, @Nullable String otherwise) {
    return value == null ? otherwise : value;
  }

  /** Adds the origins in the first of these fields that the card has. */
  private void origins(String key, String... places) {
    for (String place : places) {
      Object value = card.fields().get(place);
      if (value == null) continue;
      List<?> origins = value instanceof List<?> list ? list : List.of(value);
      String prefix = "general." + key + ".";
      fields.add(new GgufField.Unsigned(prefix + "count", origins.size()));
      for (int i = 0; i < origins.size(); i++) {
        Map<?, ?> origin = origins.get(i) instanceof Map<?, ?> map ? map : origin(origins.get(i));
        for (String field : ORIGINS) {
          if (origin.get(field) instanceof String text) text(prefix + i + "." + field, text);
        }
      }
      return;
    }
  }

  private Map<String, String> origin(Object value) {
    String id = String.valueOf(value);
    Matcher onHub = ON_HUB.matcher(id);
    boolean url = URL.matcher(id).matches();
    Map<String, String> origin = new HashMap<>();
    if (url) origin.put("repo_url", id);
    if (url && !onHub.matches()) return origin;
    ModelIdComponents parts = ModelIdComponents.of(url ? onHub.group(1) : id, parameters);
    origin.put("name", ModelIdComponents.title(parts.name()));
    if (parts.version() != null) origin.put("version", parts.version());
    if (parts.organization() != null) {
      origin.put("organization", ModelIdComponents.title(parts.organization()));
      if (!url) origin.put("repo_url", HUB + parts.organization() + "/" + parts.name());
    }
    return origin;
  }

  private void lists(String key, String... places) {
    List<String> all = new ArrayList<>();
    for (String place : places) all.addAll(card.texts(place));
    if (!all.isEmpty()) fields.add(new GgufField.Texts(key, all));
  }

  /**
   * The components of a model name such as {@code org/Llama-3.2-1B-Instruct}, by the rules of
   * llama.cpp's {@code gguf-py/gguf/metadata.py} for a LoRA; null for a missing component.
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
     * @param parameters number of parameters of the changed weights; much smaller numbers in the
     *     name are not sizes
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

    /** Returns the kinds of a part without its context; may change its spelling. */
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

    /** Normalises a size: 7b1 is 7.1B, 1_5b is 1.5B. */
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
      double count =
          Double.parseDouble(number) * Math.pow(1000, MAGNITUDES.indexOf(size.charAt(last)));
      return count < parameters / 8;
    }

    /** Words such as "small" are not sizes if there is a number. */
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

    /** Makes the first parts the base name, and unknown parts after them a fine-tuning. */
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

    /** Capitalises words, except versions, numbers and words with capitals of their own. */
    static String title(String id) {
      return Arrays.stream(id.replace('-', ' ').strip().split("\\s+"))
          .map(word -> isLower(word) && !SHOUTED.matcher(word).matches() ? capital(word) : word)
          .collect(Collectors.joining(" "));
    }

    private static boolean isLower(String word) {
      return word.chars().anyMatch(Character::isLowerCase)
          && word.chars().noneMatch(Character::isUpperCase);
    }

    /** Capitalises letters that do not follow a letter, as Python's {@code str.title} does. */
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
}
