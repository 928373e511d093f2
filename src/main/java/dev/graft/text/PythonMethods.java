package dev.graft.text;

import com.hubspot.jinjava.el.ext.JinjavaBeanELResolver;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.exptest.ExpTest;
import com.hubspot.jinjava.lib.filter.Filter;
import com.hubspot.jinjava.util.ForLoop;
import dev.graft.text.ChatTemplate.TemplateRejected;
import java.beans.FeatureDescriptor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.Predicate;
import jinjava.javax.el.ELContext;
import jinjava.javax.el.ELResolver;
import org.jspecify.annotations.Nullable;

/**
 * Everything that a template can access: keys of maps, elements of lists, {@code loop}, and the
 * methods of Python's str, list and dict that templates use. No Java bean or method is accessible.
 */
final class PythonMethods extends ELResolver {
  /** Jinjava also calls its own filters and tests through the resolver. */
  private static final ELResolver OWN = new JinjavaBeanELResolver();

  @Override
  public @Nullable Object getValue(ELContext context, @Nullable Object base, Object property) {
    context.setPropertyResolved(true);
    return switch (base) {
      case null -> null;
      case Map<?, ?> map -> map.get(String.valueOf(property));
      case List<?> list -> element(list.size(), property, list::get);
      case Map.Entry<?, ?> pair ->
          element(2, property, i -> i == 0 ? pair.getKey() : pair.getValue());
      case String text -> element(text.length(), property, i -> text.substring(i, i + 1));
      case ForLoop loop -> loopValue(loop, String.valueOf(property));
      default -> null;
    };
  }

  private static @Nullable Object element(
      int size, Object property, IntFunction<@Nullable Object> get) {
    // Jinjava passes indices as text
    String text = String.valueOf(property);
    if (!text.matches("-?[0-9]{1,9}")) return null;
    int number = Integer.parseInt(text);
    int index = number < 0 ? number + size : number;
    return index >= 0 && index < size ? get.apply(index) : null;
  }

  private static @Nullable Object loopValue(ForLoop loop, String name) {
    return switch (name) {
      case "index" -> (long) loop.getIndex();
      case "index0" -> (long) loop.getIndex0();
      case "revindex" -> (long) loop.getRevindex();
      case "revindex0" -> (long) loop.getRevindex0();
      case "first" -> loop.isFirst();
      case "last" -> loop.isLast();
      case "length" -> (long) loop.getLength();
      case "depth" -> (long) loop.getDepth();
      case "depth0" -> (long) loop.getDepth0();
      case "previtem" -> ChatTemplate.LoopTag.neighbour(loop, -1);
      case "nextitem" -> ChatTemplate.LoopTag.neighbour(loop, 1);
      default -> throw new TemplateRejected("chat template: loop." + name + " is not supported");
    };
  }

  @Override
  public @Nullable Object invoke(
      ELContext context,
      @Nullable Object base,
      Object method,
      Class<?> @Nullable [] types,
      Object @Nullable [] parameters) {
    context.setPropertyResolved(true);
    @Nullable Object[] arguments = parameters == null ? new Object[0] : parameters;
    String name = String.valueOf(method);
    return switch (base) {
      case String text -> PythonStrings.call(text, name, arguments);
      case Map<?, ?> map -> mapMethod(map, name, arguments);
      case List<?> list -> listMethod(list, name, arguments);
      case Filter filter -> OWN.invoke(context, base, method, types, parameters);
      case ExpTest test -> OWN.invoke(context, base, method, types, parameters);
      case null -> throw unsupported("undefined value", name);
      default -> throw unsupported(base.getClass().getSimpleName(), name);
    };
  }

  private static @Nullable Object mapMethod(
      Map<?, ?> map, String name, @Nullable Object[] arguments) {
    return switch (name) {
      case "items" -> List.copyOf(map.entrySet());
      case "keys" -> List.copyOf(map.keySet());
      case "values" -> new ArrayList<>(map.values());
      case "get" -> {
        Object key = String.valueOf(arguments[0]);
        Object value = map.get(key);
        yield map.containsKey(key) || arguments.length < 2 ? value : arguments[1];
      }
      default -> throw unsupported("dict", name);
    };
  }

  @SuppressWarnings("unchecked")
  private static @Nullable Object listMethod(
      List<?> list, String name, @Nullable Object[] arguments) {
    return switch (name) {
      case "append" -> ((List<@Nullable Object>) list).add(arguments[0]) ? null : null;
      case "index" -> (long) list.indexOf(arguments[0]);
      case "count" -> (long) Collections.frequency(list, arguments[0]);
      default -> throw unsupported("list", name);
    };
  }

  static TemplateRejected unsupported(String type, String name) {
    return new TemplateRejected(
        "chat template: method " + name + " of " + type + " is not supported");
  }

  @Override
  public Class<?> getType(ELContext context, Object base, Object property) {
    context.setPropertyResolved(true);
    return Object.class;
  }

  @Override
  public void setValue(ELContext context, Object base, Object property, Object value) {
    throw new TemplateRejected("chat template: assignment to a value is not supported");
  }

  @Override
  public boolean isReadOnly(ELContext context, Object base, Object property) {
    return true;
  }

  @Override
  public Iterator<FeatureDescriptor> getFeatureDescriptors(ELContext context, Object base) {
    return Collections.emptyIterator();
  }

  @Override
  public Class<?> getCommonPropertyType(ELContext context, Object base) {
    return Object.class;
  }

  /** The methods of Python's str that chat templates use. */
  private static final class PythonStrings {
    private PythonStrings() {}

    static Object call(String text, String method, @Nullable Object[] arguments) {
      return switch (method) {
        case "strip" -> strip(text, arguments, true, true);
        case "lstrip" -> strip(text, arguments, true, false);
        case "rstrip" -> strip(text, arguments, false, true);
        case "startswith" -> anyOf(arguments[0], text::startsWith);
        case "endswith" -> anyOf(arguments[0], text::endsWith);
        case "upper" -> text.toUpperCase(Locale.ROOT);
        case "lower" -> text.toLowerCase(Locale.ROOT);
        case "capitalize" -> capitalize(text);
        case "title" -> title(text);
        case "replace" -> text.replace(string(arguments[0]), string(arguments[1]));
        case "find" -> (long) text.indexOf(string(arguments[0]));
        case "count" -> (long) split(text, string(arguments[0]), -1).size() - 1;
        case "split" -> split(text, arguments);
        case "rsplit" -> {
          if (arguments.length > 1) throw PythonMethods.unsupported("str", "rsplit with a limit");
          yield split(text, arguments);
        }
        case "splitlines" -> new ArrayList<>(text.lines().toList());
        case "join" -> join(text, arguments[0]);
        default -> throw PythonMethods.unsupported("str", method);
      };
    }

    private static boolean anyOf(@Nullable Object affixes, Predicate<String> matches) {
      if (affixes instanceof List<?> list) {
        return list.stream().anyMatch(affix -> matches.test(string(affix)));
      }
      return matches.test(string(affixes));
    }

    private static String string(@Nullable Object value) {
      if (value instanceof String text) return text;
      throw new ChatTemplate.TemplateRejected(
          "chat template: a method of str needs a string as its argument");
    }

    /** Python's strip: removes white space, or any of the given characters. */
    static String strip(String text, @Nullable Object[] arguments, boolean left, boolean right) {
      String set = arguments.length == 0 || arguments[0] == null ? null : string(arguments[0]);
      int start = 0;
      int end = text.length();
      while (left && start < end && strips(text.codePointAt(start), set)) {
        start += Character.charCount(text.codePointAt(start));
      }
      while (right && end > start && strips(text.codePointBefore(end), set)) {
        end -= Character.charCount(text.codePointBefore(end));
      }
      return text.substring(start, end);
    }

    private static boolean strips(int codePoint, @Nullable String set) {
      return set == null ? isSpace(codePoint) : set.indexOf(codePoint) >= 0;
    }

    /** Python's str.isspace. */
    private static boolean isSpace(int codePoint) {
      return Character.isWhitespace(codePoint)
          || Character.isSpaceChar(codePoint)
          || codePoint == 0x85;
    }

    private static List<String> split(String text, @Nullable Object[] arguments) {
      if (arguments.length == 0 || arguments[0] == null) {
        String stripped = strip(text, new Object[0], true, true);
        return stripped.isEmpty()
            ? new ArrayList<>()
            : new ArrayList<>(List.of(stripped.split("(?U)\\s+")));
      }
      int limit = arguments.length > 1 && arguments[1] instanceof Number n ? n.intValue() : -1;
      return split(text, string(arguments[0]), limit);
    }

    private static List<String> split(String text, String separator, int limit) {
      if (separator.isEmpty()) {
        throw new TemplateRejected("chat template: split needs a separator");
      }
      List<String> parts = new ArrayList<>();
      int from = 0;
      for (int at = text.indexOf(separator);
          at >= 0 && (limit < 0 || parts.size() < limit);
          at = text.indexOf(separator, from)) {
        parts.add(text.substring(from, at));
        from = at + separator.length();
      }
      parts.add(text.substring(from));
      return parts;
    }

    private static String join(String separator, @Nullable Object parts) {
      if (!(parts instanceof List<?> list)) {
        throw new TemplateRejected("chat template: join needs a list");
      }
      return String.join(separator, list.stream().map(PythonStrings::string).toList());
    }

    private static String capitalize(String text) {
      if (text.isEmpty()) return text;
      int first = text.offsetByCodePoints(0, 1);
      return text.substring(0, first).toUpperCase(Locale.ROOT)
          + text.substring(first).toLowerCase(Locale.ROOT);
    }

    private static String title(String text) {
      StringBuilder out = new StringBuilder();
      boolean inWord = false;
      for (int codePoint : text.codePoints().toArray()) {
        out.appendCodePoint(
            inWord ? Character.toLowerCase(codePoint) : Character.toTitleCase(codePoint));
        inWord = Character.isLetter(codePoint);
      }
      return out.toString();
    }
  }

  /** A filter without arguments that replaces one of Jinjava's that differs from Jinja's. */
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
        throw new ChatTemplate.TemplateRejected(
            "chat template: filter '" + name + "' does not support arguments");
      }
      return function.apply(value);
    }

    private static Object trim(@Nullable Object value) {
      return PythonStrings.strip(value == null ? "" : value.toString(), new Object[0], true, true);
    }

    private static Object items(@Nullable Object value) {
      if (value instanceof Map<?, ?> map) return new ArrayList<>(map.entrySet());
      throw new ChatTemplate.TemplateRejected("chat template: items needs a dict");
    }

    private static Object reverse(@Nullable Object value) {
      if (value instanceof List<?> list) return new ArrayList<>(list).reversed();
      if (value instanceof String text) return new StringBuilder(text).reverse().toString();
      throw new ChatTemplate.TemplateRejected("chat template: reverse needs a list or string");
    }
  }
}
