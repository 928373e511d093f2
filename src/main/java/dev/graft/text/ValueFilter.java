package dev.graft.text;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.filter.Filter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A filter without arguments, where jinjava's own differs from Jinja's. */
record ValueFilter(String name, Function<@Nullable Object, @Nullable Object> function)
    implements Filter {
  static List<ValueFilter> all() {
    return List.of(
        new ValueFilter("trim", ValueFilter::trim),
        new ValueFilter("items", ValueFilter::items),
        new ValueFilter("reverse", ValueFilter::reverse));
  }

  @Override
  public String getName() {
    return name;
  }

  @Override
  public @Nullable Object filter(
      @Nullable Object value, JinjavaInterpreter interpreter, String... arguments) {
    if (arguments.length > 0) {
      throw new TemplateRejected("chat template: arguments of filter '" + name + "'");
    }
    return function.apply(value);
  }

  private static Object trim(@Nullable Object value) {
    return PythonStrings.strip(value == null ? "" : value.toString(), new Object[0], true, true);
  }

  private static Object items(@Nullable Object value) {
    if (value instanceof Map<?, ?> map) return new ArrayList<>(map.entrySet());
    throw new TemplateRejected("chat template: items of something else than a dict");
  }

  private static Object reverse(@Nullable Object value) {
    if (value instanceof List<?> list) return new ArrayList<>(list).reversed();
    if (value instanceof String text) return new StringBuilder(text).reverse().toString();
    throw new TemplateRejected("chat template: reverse of something else than a list or string");
  }
}
