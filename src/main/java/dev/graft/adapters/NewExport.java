package dev.graft.adapters;

import dev.graft.platform.RequestFailed;
import dev.graft.spec.ExportForm;
import dev.graft.spec.ExportForm.GgufType;
import dev.graft.spec.ExportForm.Kind;
import java.util.Arrays;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The body of a request for a form.
 *
 * @param maxShardSize such as {@code 5GB}, as transformers has it
 */
record NewExport(
    @Nullable String form,
    @Nullable String type,
    @Nullable String maxShardSize,
    @Nullable String base,
    @Nullable String name,
    @Nullable NewCombination combination) {
  private static final String USUAL_SHARD = "5GB";
  private static final Pattern SIZE = Pattern.compile("([1-9][0-9]{0,5})(KB|MB|GB|KiB|MiB|GiB)");
  private static final Pattern BASE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}");
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:@-]{0,199}");

  /**
   * @param hubName what a hub calls the base, or its name here
   * @throws RequestFailed with the field that is wrong
   */
  ExportForm read(Adapter adapter, String hubName) {
    Kind kind = choice(RequestFailed.required(form, "form"), "form", Kind.values(), Kind::wireName);
    refuseOthers(kind);
    return switch (kind) {
      case MERGED -> new ExportForm.Merged(shard());
      case MERGED_GGUF -> new ExportForm.MergedGguf(gguf());
      case ADAPTER_GGUF -> new ExportForm.AdapterGguf();
      case PLAIN_LORA -> new ExportForm.PlainFactors();
      case VLLM -> {
        String served = checked(base, "base", BASE);
        String called = checked(name, "name", NAME);
        yield new ExportForm.Vllm(
            served == null ? hubName : served,
            called == null ? adapter.name().replaceAll("[^A-Za-z0-9._:@-]", "-") : called);
      }
      case OLLAMA -> new ExportForm.Ollama(gguf(), checked(base, "base", BASE));
      case COMBINED ->
          new ExportForm.Combined(RequestFailed.required(combination, "combination").read(adapter));
    };
  }

  private void refuseOthers(Kind kind) {
    Set<String> known =
        switch (kind) {
          case MERGED -> Set.of("max_shard_size");
          case MERGED_GGUF -> Set.of("type");
          case ADAPTER_GGUF, PLAIN_LORA -> Set.of();
          case VLLM -> Set.of("base", "name");
          case OLLAMA -> base == null ? Set.of("type") : Set.of("base");
          case COMBINED -> Set.of("combination");
        };
    refuse(kind, known, "type", type);
    refuse(kind, known, "max_shard_size", maxShardSize);
    refuse(kind, known, "base", base);
    refuse(kind, known, "name", name);
    refuse(kind, known, "combination", combination);
  }

  private void refuse(Kind kind, Set<String> known, String field, @Nullable Object value) {
    if (value == null || known.contains(field)) return;
    String ground = kind == Kind.OLLAMA && base != null ? " with a base of Ollama's" : "";
    throw RequestFailed.invalid(
        field, "%s is no option of the form %s%s.".formatted(field, kind.wireName(), ground));
  }

  private long shard() {
    Matcher size = SIZE.matcher(maxShardSize == null ? USUAL_SHARD : maxShardSize);
    if (!size.matches()) {
      throw RequestFailed.invalid(
          "max_shard_size", "max_shard_size must be a size such as 500MB, 5GB or 2GiB.");
    }
    long unit =
        switch (size.group(2)) {
          case "KB" -> 1_000;
          case "MB" -> 1_000_000;
          case "GB" -> 1_000_000_000;
          case "KiB" -> 1L << 10;
          case "MiB" -> 1L << 20;
          default -> 1L << 30;
        };
    return Long.parseLong(size.group(1)) * unit;
  }

  private GgufType gguf() {
    return type == null
        ? GgufType.F16
        : choice(type, "type", GgufType.values(), GgufType::wireName);
  }

  static <E extends Enum<E>> E choice(
      String said, String field, E[] constants, Function<E, String> name) {
    return Arrays.stream(constants)
        .filter(each -> name.apply(each).equals(said))
        .findFirst()
        .orElseThrow(
            () ->
                RequestFailed.invalid(
                    field,
                    "%s must be one of %s."
                        .formatted(
                            field,
                            Arrays.stream(constants).map(name).collect(Collectors.joining(", ")))));
  }

  private static @Nullable String checked(@Nullable String value, String field, Pattern form) {
    if (value == null || (form.matcher(value).matches() && !value.contains(".."))) return value;
    throw RequestFailed.invalid(
        field, "%s must be a name of up to 200 characters of a model.".formatted(field));
  }
}
