package dev.graft.text;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.filter.Filter;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** transformers' {@code tojson}: no HTML escaping, no ASCII escaping, optional indent. */
final class ToJsonFilter implements Filter {
  @Override
  public String getName() {
    return "tojson";
  }

  @Override
  public Object filter(
      @Nullable Object value, JinjavaInterpreter interpreter, String... arguments) {
    int indent = arguments.length > 0 && arguments[0] != null ? Integer.parseInt(arguments[0]) : -1;
    return PythonJson.dumps(value, indent, false);
  }

  @Override
  public Object filter(
      @Nullable Object value,
      JinjavaInterpreter interpreter,
      Object[] arguments,
      Map<String, Object> named) {
    Object indent = named.getOrDefault("indent", arguments.length > 0 ? arguments[0] : null);
    return PythonJson.dumps(value, indent instanceof Number number ? number.intValue() : -1, false);
  }
}
