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
 * The method of a run that continues from an adapter: the adapter's own, with the dropout that the
 * request asks for. What a request says beside that must agree with it.
 *
 * @param saved as the adapter's {@code adapter_config.json} has it
 * @param asked as the run that made the adapter was asked for, which may say the same in other
 *     words; null where that is not known
 */
public record ContinuedMethod(AdapterMethod saved, @Nullable AdapterMethod asked) {
  private static final Set<String> OF_TRAINING = Set.of("lora_dropout", "vera_dropout");

  /** Why training cannot go on from what this method saves; null if it can. */
  public static @Nullable String obstacle(AdapterMethod saved) {
    return switch (saved) {
      case AdaLora _ ->
          "AdaLoRA decides once which ranks are left, so its training cannot go on; its plain_lora"
              + " directory is a LoRA that can";
      case Prompted.PTuning _ ->
          "P-tuning saves what its encoder computed, not the encoder that trains";
      case Prompted.PrefixTuning prefix ->
          prefix.prefixProjection()
              ? "prefix tuning with a projection saves what that computed, not what trains"
              : null;
      case Lora lora ->
          lora.initLoraWeights().changesBase()
              ? "its init_lora_weights is \"%s\": the adapter fits a changed base only"
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
   * The {@code adapter} object of a request with the adapter's method in it.
   *
   * @param adapter as given, nothing left to look up; null if it was not given
   * @throws SpecRejected with every setting that says something else
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
              "must be left out: the adapter that training continues from has a method, in "
                  + place));
    }
    ObjectNode own = (ObjectNode) method.get(place);
    JsonNode given = whole.get(place);
    if (given instanceof ObjectNode said) require(place, said, own, problems);
    else if (given != null && !given.isNull()) {
      problems.add(new Problem("adapter." + place, "must be an object"));
    }
    if (!problems.isEmpty()) throw new SpecRejected(problems);
    return whole.set(place, own);
  }

  /**
   * @param place {@code peft} or {@code method}
   * @param own takes over what belongs to training
   */
  private void require(String place, ObjectNode said, ObjectNode own, List<Problem> problems) {
    String path = "adapter." + place;
    String typeKey = place.equals("peft") ? "peft_type" : "type";
    JsonNode type = said.get(typeKey);
    if (type != null && !type.isNull() && !type.equals(own.get(typeKey))) {
      problems.add(differs(path, typeKey, type, own.get(typeKey)));
      return;
    }
    ObjectNode overlay = own.deepCopy();
    for (String key : said.propertyNames()) {
      if (!said.get(key).isNull()) overlay.set(key, said.get(key));
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
      String path, String key, @Nullable JsonNode said, @Nullable JsonNode own) {
    return new Problem(
        path + "." + key,
        "is %s, but the adapter that training continues from has %s; left out it is inherited"
            .formatted(said, own));
  }

  /** Lists of names are sets. */
  private static boolean same(@Nullable JsonNode one, @Nullable JsonNode other) {
    if (one == null || other == null) return one == other;
    if (!one.isArray() || !other.isArray()) return one.equals(other);
    return new HashSet<>(one.values()).equals(new HashSet<>(other.values()));
  }
}
