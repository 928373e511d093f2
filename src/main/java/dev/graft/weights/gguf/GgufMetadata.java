package dev.graft.weights.gguf;

import dev.graft.weights.AdapterCard;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
      List.of(
          "name",
          "author",
          "version",
          "organization",
          "description",
          "url",
          "doi",
          "uuid",
          "repo_url");

  private final List<GgufField> fields = new ArrayList<>();
  private final AdapterCard card;
  private final long parameters;

  private GgufMetadata(AdapterCard card, long parameters) {
    this.card = card;
    this.parameters = parameters;
  }

  /**
   * @param parameters of the weights that the adapter changes
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

  /** What the card does not say is told from the name. */
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

  private static @Nullable String or(@Nullable String said, @Nullable String otherwise) {
    return said == null ? otherwise : said;
  }

  /** What it comes from: the first field that the card has. */
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

  private Map<String, String> origin(Object said) {
    String id = String.valueOf(said);
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
}
