package dev.graft.spec;

import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** A setting as the page names it, sent with a value that no reader takes for another key. */
final class PagedSetting {
  private static final JsonMapper JSON = JsonMapper.shared();

  private PagedSetting() {}

  /** What is said of it by the method, scheduler or type that knows it best. */
  static List<String> problems(String path) {
    List<List<String>> answers = requests(path).map(body -> refused(body, path)).toList();
    return answers.stream()
        .filter(messages -> messages.stream().noneMatch(m -> m.startsWith("unknown setting")))
        .findFirst()
        .orElse(answers.getFirst());
  }

  private static Stream<ObjectNode> requests(String path) {
    String[] keys = path.split("\\.");
    if (keys[0].equals("hyperparameters")) {
      return Stream.of("supervised", "dpo")
          .map(
              type -> {
                ObjectNode body = JSON.createObjectNode();
                ObjectNode method = body.putObject("method").put("type", type);
                put(method.putObject(type), keys);
                return body;
              });
    }
    Stream<ObjectNode> adapters =
        Set.of("peft", "method").contains(keys[0])
            ? AcceptedSettings.methods().stream()
                .filter(m -> AcceptedSettings.OWN.contains(m) == keys[0].equals("method"))
                .map(method -> AcceptedSettings.request(method, "sft"))
            : Stream.concat(
                LrScheduler.Json.TYPES.stream().map(PagedSetting::scheduled),
                Stream.of(AcceptedSettings.request("LORA", "dpo")));
    return adapters
        .flatMap(adapter -> contexts(adapter, keys))
        .map(
            adapter -> {
              put(adapter, keys);
              ObjectNode body = JSON.createObjectNode();
              body.set("adapter", adapter);
              return body;
            });
  }

  /** Some settings are asked for only beside another. */
  private static Stream<ObjectNode> contexts(ObjectNode adapter, String[] keys) {
    if (!keys[0].equals("peft")) return Stream.of(adapter);
    Stream.Builder<ObjectNode> contexts = Stream.builder();
    contexts.add(adapter);
    for (String start : List.of("loftq", "eva")) {
      ObjectNode started = adapter.deepCopy();
      started.withObject("peft").put("init_lora_weights", start);
      contexts.add(started);
    }
    ObjectNode text = adapter.deepCopy();
    text.withObject("peft").put("prompt_tuning_init", "TEXT");
    return contexts.add(text).build();
  }

  private static ObjectNode scheduled(String type) {
    ObjectNode adapter = AcceptedSettings.request("LORA", "sft");
    adapter.putObject("training").put("lr_scheduler_type", type);
    return adapter;
  }

  private static void put(ObjectNode root, String[] keys) {
    ObjectNode object = root;
    for (int i = 0; i < keys.length - 1; i++) object = object.withObject(keys[i]);
    object.putObject(keys[keys.length - 1]).put("nothing", "takes this");
  }

  private static List<String> refused(ObjectNode body, String path) {
    SpecRejected rejected =
        catchThrowableOfType(
            SpecRejected.class,
            () -> TrainingSpec.resolve(body.get("adapter"), body.get("method"), null, null));
    return rejected == null
        ? List.of()
        : rejected.problems().stream()
            .filter(problem -> problem.path().endsWith(path))
            .map(SpecRejected.Problem::message)
            .toList();
  }
}
