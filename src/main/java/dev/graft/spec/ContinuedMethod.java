package dev.graft.spec;

import dev.graft.spec.SpecRejected.Problem;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The method of a run that continues from an adapter: the adapter's own, with the dropout of the
 * request. Other settings of the request must agree with it.
 *
 * @param saved the method in the adapter's {@code adapter_config.json}
 * @param asked the equivalent method as the adapter's run requested it; null if unknown
 */
public record ContinuedMethod(AdapterMethod saved, @Nullable AdapterMethod asked) {
  private static final Set<String> OF_TRAINING = Set.of("lora_dropout", "vera_dropout");

  /** Returns why training cannot continue from an adapter of this method; null if it can. */
  public static @Nullable String obstacle(AdapterMethod saved) {
    return switch (saved) {
      case AdaLora _ ->
          "AdaLoRA prunes its ranks only once; continue from the LoRA in its plain_lora directory"
              + " instead";
      case Prompted.PTuning _ ->
          "P-tuning saves the output of its encoder, but not the encoder that trains";
      case Prompted.PrefixTuning prefix ->
          prefix.prefixProjection()
              ? "prefix tuning saves the output of its projection, but not the projection that trains"
              : null;
      case Lora lora ->
          lora.initLoraWeights().changesBase()
              ? "its init_lora_weights is \"%s\", so the adapter fits only a changed base"
                  .formatted(lora.initLoraWeights().wireName())
              : null;
      case Prompted.PromptTuning _,
          Ia3 _,
          LnTuning _,
          Vera _,
          Bottleneck _,
          AdapterMethod.Full _,
          Freeze _ ->
          null;
    };
  }

  /**
   * Returns the {@code adapter} object of a request with the adapter's method in it.
   *
   * @param adapter the request's object, with names already looked up; null if missing
   * @throws SpecRejected with every setting that contradicts the adapter's method
   */
  public ObjectNode into(@Nullable JsonNode adapter) {
    List<Problem> problems = new ArrayList<>();
    ObjectNode whole = JsonNodeFactory.instance.objectNode();
    if (adapter instanceof ObjectNode given) whole = given.deepCopy();
    else if (adapter != null && !adapter.isNull()) {
      problems.add(new Problem("adapter", "must be an object"));
    }
    ObjectNode method = TrainingSpec.methodJson(saved);
    String place = method.propertyNames().iterator().next();
    for (String each : List.of("peft", "method")) {
      if (each.equals(place) || !whole.hasNonNull(each)) continue;
      problems.add(
          new Problem(
              "adapter." + each,
              "must be left out: training continues from an adapter that defines its method in "
                  + place));
    }
    ObjectNode own = (ObjectNode) method.get(place);
    JsonNode given = whole.get(place);
    if (given instanceof ObjectNode settings) require(place, settings, own, problems);
    else if (given != null && !given.isNull()) {
      problems.add(new Problem("adapter." + place, "must be an object"));
    }
    if (!problems.isEmpty()) throw new SpecRejected(problems);
    return whole.set(place, own);
  }

  /**
   * Requires the given settings to agree with the adapter's, and copies those of training.
   *
   * @param place {@code peft} or {@code method}
   */
  private void require(String place, ObjectNode given, ObjectNode own, List<Problem> problems) {
    String path = "adapter." + place;
    String typeKey = place.equals("peft") ? "peft_type" : "type";
    JsonNode type = given.get(typeKey);
    if (type != null && !type.isNull() && !type.equals(own.get(typeKey))) {
      problems.add(differs(path, typeKey, type, own.get(typeKey)));
      return;
    }
    ObjectNode overlay = own.deepCopy();
    for (String key : given.propertyNames()) {
      if (!given.get(key).isNull()) overlay.set(key, given.get(key));
    }
    List<Problem> unreadable = new ArrayList<>();
    AdapterMethod read = AdapterMethods.fromRequest(overlay, path, unreadable);
    problems.addAll(unreadable);
    if (!unreadable.isEmpty()) return;
    JsonNode resolved = TrainingSpec.methodJson(read).path(place);
    JsonNode first = TrainingSpec.methodJson(asked == null ? saved : asked).path(place);
    Set<String> keys = new TreeSet<>(resolved.propertyNames());
    keys.addAll(own.propertyNames());
    for (String key : keys) {
      JsonNode value = resolved.get(key);
      if (OF_TRAINING.contains(key)) own.set(key, value);
      else if (!same(value, own.get(key)) && !same(value, first.get(key))) {
        problems.add(differs(path, key, value, own.get(key)));
      }
    }
  }

  private static Problem differs(
      String path, String key, @Nullable JsonNode given, @Nullable JsonNode own) {
    return new Problem(
        path + "." + key,
        "is %s, but the adapter that training continues from has %s; leave it out to inherit it"
            .formatted(given, own));
  }

  /** Compares values; the order of a list does not matter. */
  private static boolean same(@Nullable JsonNode one, @Nullable JsonNode other) {
    if (one == null || other == null) return one == other;
    if (!one.isArray() || !other.isArray()) return one.equals(other);
    return new HashSet<>(one.values()).equals(new HashSet<>(other.values()));
  }
}
