package dev.graft.text;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Functions that transformers gives every chat template. */
final class TemplateFunctions {
  static final String TODAY = "__today";
  static final String DEADLINE = "__deadline";

  private static final Map<Character, String> STRFTIME =
      Map.of(
          'd', "dd", 'm', "MM", 'Y', "yyyy", 'y', "yy", 'b', "MMM", 'B', "MMMM", 'a', "EEE", 'A',
          "EEEE", 'j', "DDD");

  private TemplateFunctions() {}

  static List<ELFunctionDefinition> all() {
    return List.of(
        new ELFunctionDefinition(
            "", "raise_exception", TemplateFunctions.class, "raiseException", String.class),
        new ELFunctionDefinition(
            "", "strftime_now", TemplateFunctions.class, "strftimeNow", String.class));
  }

  public static Object raiseException(String message) {
    throw new TemplateRejected(message);
  }

  public static String strftimeNow(String format) {
    LocalDate today = (LocalDate) JinjavaInterpreter.getCurrent().getContext().get(TODAY);
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%' || i + 1 == format.length()) {
        out.append(c);
        continue;
      }
      char field = format.charAt(++i);
      String pattern = STRFTIME.get(field);
      if (field == '%') out.append('%');
      else if ("HMS".indexOf(field) >= 0) out.append("00");
      else if (pattern == null) throw new TemplateRejected("strftime_now: %" + field);
      else out.append(DateTimeFormatter.ofPattern(pattern, Locale.ROOT).format(today));
    }
    return out.toString();
  }
}
