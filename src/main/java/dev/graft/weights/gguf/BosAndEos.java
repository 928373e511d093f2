package dev.graft.weights.gguf;

import dev.graft.weights.BadModel;
import java.util.List;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What the post-processor of a tokenizer.json puts around a text.
 *
 * @param bos the token before it, or null
 * @param eos the token behind it, or null
 */
record BosAndEos(@Nullable String bos, @Nullable String eos) {
  private static final BosAndEos NONE = new BosAndEos(null, null);

  /**
   * @throws BadModel if it is another thing than a token before or behind a text
   */
  static BosAndEos of(JsonNode processor) {
    if (!processor.isObject()) return NONE;
    return switch (TokenizerSteps.type(processor)) {
      case "ByteLevel" -> NONE;
      case "Sequence" ->
          StreamSupport.stream(processor.path("processors").spliterator(), false)
              .map(BosAndEos::of)
              .reduce(NONE, (one, other) -> other.equals(NONE) ? one : other);
      case "TemplateProcessing" -> template(processor.path("single"));
      default -> throw unknown(TokenizerSteps.type(processor));
    };
  }

  private static BosAndEos template(JsonNode parts) {
    List<String> around =
        StreamSupport.stream(parts.spliterator(), false)
            .map(each -> each.has("Sequence") ? "" : each.at("/SpecialToken/id").asString(""))
            .toList();
    int text = around.indexOf("");
    boolean once = text >= 0 && text == around.lastIndexOf("");
    if (!once || text > 1 || around.size() - text > 2) throw unknown("template");
    return new BosAndEos(
        text == 1 ? around.getFirst() : null, text < around.size() - 1 ? around.getLast() : null);
  }

  private static BadModel unknown(String what) {
    return new BadModel(
        "tokenizer.json: its post_processor (%s) puts more around a text than a GGUF file can say"
            .formatted(what));
  }
}
