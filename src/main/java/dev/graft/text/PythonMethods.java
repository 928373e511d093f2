package dev.graft.text;

import com.hubspot.jinjava.el.ext.JinjavaBeanELResolver;
import com.hubspot.jinjava.lib.exptest.ExpTest;
import com.hubspot.jinjava.lib.filter.Filter;
import com.hubspot.jinjava.util.ForLoop;
import java.beans.FeatureDescriptor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import jinjava.javax.el.ELContext;
import jinjava.javax.el.ELResolver;
import org.jspecify.annotations.Nullable;

/**
 * All that a template can reach: keys of maps, elements of lists, {@code loop}, and the methods of
 * Python's str, list and dict that templates use. No bean and no method of Java is reachable.
 */
final class PythonMethods extends ELResolver {
  /** jinjava calls its filters and tests through the resolver too. */
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
    // jinjava hands indices over as text
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
      case "previtem" -> LoopTag.neighbour(loop, -1);
      case "nextitem" -> LoopTag.neighbour(loop, 1);
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
}
