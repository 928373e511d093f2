package dev.graft.kernels;

import ai.djl.pytorch.engine.PtNDArray;
import dev.graft.model.ComputePlan.Attention;
import dev.graft.model.LaidOut;
import dev.graft.model.TokenLayout;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An operation of layers, with its definition and its gradients.
 *
 * @param forward result of the kernel, from {@code i} (inputs) and {@code o} (others)
 * @param reference the definition
 * @param backward lines that append the gradient of each input to {@code d}, given {@code g}
 */
record Operation(
    String name,
    long[][] inputs,
    String forward,
    String reference,
    String backward,
    @Nullable LaidOut laidOut) {
  private static final int FIRST = 6;

  Operation(String name, long[][] inputs, String forward, String reference, String backward) {
    this(name, inputs, forward, reference, backward, null);
  }

  @Override
  public String toString() {
    return name;
  }

  static Stream<Operation> all() {
    return Stream.of(
        new Operation(
            "linear",
            new long[][] {{5, 3}, {4, 3}, {4}},
            "y = __torch__.ops.linear.forward_bias(i[0], i[1], i[2])",
            "y = __torch__.ops.linear.reference(i[0], i[1], i[2])",
            """
            _1 = torch.append(d, __torch__.ops.linear.backward_input(None, g, i[1]))
            _2 = torch.append(d, __torch__.ops.linear.backward_weight(torch.zeros_like(i[1]), g, i[0]))
            _3 = torch.append(d, __torch__.ops.linear.backward_bias(torch.zeros_like(i[2]), g))
            """),
        new Operation(
            "linear added to a gradient",
            new long[][] {{5, 3}, {4, 3}},
            "y = __torch__.ops.linear.forward(i[0], i[1])",
            "y = __torch__.ops.linear.reference(i[0], i[1], None)",
            """
            _1 = torch.append(d, torch.sub(__torch__.ops.linear.backward_input(torch.ones_like(i[0]), g, i[1]), 1))
            _2 = torch.append(d, torch.sub(__torch__.ops.linear.backward_weight(torch.ones_like(i[1]), g, i[0]), 1))
            """),
        new Operation(
            "rms_norm",
            new long[][] {{5, 6}, {6}},
            "y, r, = __torch__.ops.rms_norm.forward(i[0], i[1], 0.01, False)",
            "y = __torch__.ops.rms_norm.reference(i[0], i[1], 0.01, False)",
            """
            y, r, = __torch__.ops.rms_norm.forward(i[0], i[1], 0.01, False)
            _1 = torch.append(d, torch.sub(__torch__.ops.rms_norm.backward_input(torch.ones_like(i[0]), g, i[0], i[1], r), 1))
            _2 = torch.append(d, __torch__.ops.rms_norm.backward_weight(torch.zeros_like(i[1]), g, i[0], r))
            """),
        new Operation(
            "rms_norm that is rounded once",
            new long[][] {{5, 6}, {6}},
            "y, r, = __torch__.ops.rms_norm.forward(i[0], i[1], 0.01, True)",
            "y = __torch__.ops.rms_norm.reference(i[0], i[1], 0.01, True)",
            """
            y, r, = __torch__.ops.rms_norm.forward(i[0], i[1], 0.01, True)
            _1 = torch.append(d, __torch__.ops.rms_norm.backward_input(None, g, i[0], i[1], r))
            _2 = torch.append(d, __torch__.ops.rms_norm.backward_weight(torch.zeros_like(i[1]), g, i[0], r))
            """),
        new Operation(
            "rope",
            new long[][] {{6, 8}},
            "y = __torch__.ops.rope.forward(i[0], o[0], o[1], 4)",
            "y = __torch__.ops.rope.reference(i[0], o[0], o[1], 4)",
            "_1 = torch.append(d, __torch__.ops.rope.backward(g, o[0], o[1], 4))\n"),
        new Operation(
            "rope of a part of each head",
            new long[][] {{6, 12}},
            "y = __torch__.ops.rope.forward(i[0], o[0], o[1], 6)",
            "y = __torch__.ops.rope.reference(i[0], o[0], o[1], 6)",
            "_1 = torch.append(d, __torch__.ops.rope.backward(g, o[0], o[1], 6))\n"),
        attention("attention of rows in one chunk each", rows(), 0, 8, 0),
        attention("attention of rows in chunks with a rest", rows(), 0, 2, 0),
        attention("attention of small rows in one chunk", rows(), 0, 64, 0),
        attention("attention in a window", rows(), 2, 2, 0),
        attention("attention with capped scores", rows(), 0, 2, 1.5),
        attention("attention to both sides", LaidOut.rows(true, 4, 2), 0, 2, 0),
        attention("attention of rows that begin alike", tree(), 0, 2, 0),
        attention("attention of a tree in one chunk", tree(), 0, 64, 0),
        attention("attention of a tree in a window", tree(), 2, 64, 1.5),
        prefixed("attention behind a prefix in chunks with a rest", rows(), 0, 2, 0),
        prefixed("attention behind a prefix in a window with capped scores", rows(), 3, 8, 1.5),
        sequences("flash attention", rows(), 0, Attention.FLASH),
        sequences("flash attention in a window", rows(), 2, Attention.FLASH),
        sequences("flash attention of rows that begin alike", tree(), 0, Attention.FLASH),
        sequences("flash attention of a tree in a window", tree(), 2, Attention.FLASH),
        sequences("memory-efficient attention", rows(), 0, Attention.EFFICIENT),
        sequences("memory-efficient attention in a window", rows(), 2, Attention.EFFICIENT),
        sequences("memory-efficient attention of a tree", tree(), 0, Attention.EFFICIENT),
        sequences("memory-efficient attention, tree, window", tree(), 3, Attention.EFFICIENT),
        toBothSides("flash attention to both sides", Attention.FLASH),
        toBothSides("memory-efficient attention to both sides", Attention.EFFICIENT),
        behindPrefix("flash attention behind a prefix", rows(), 0, Attention.FLASH),
        behindPrefix("flash attention of a tree behind a prefix", tree(), 3, Attention.FLASH),
        behindPrefix("memory-efficient, behind a prefix", tree(), 0, Attention.EFFICIENT),
        new Operation(
            "prepend",
            new long[][] {{6, 3}, {2, 3}},
            "y = __torch__.ops.prepend.forward(i[0], i[1], o[4])",
            "y = __torch__.ops.prepend.forward(i[0], i[1], o[4])",
            """
            both = __torch__.ops.prepend.backward(g, o[4], 8)
            _1 = torch.append(d, __torch__.ops.prepend.backward_input(g, both, 2))
            _2 = torch.append(d, __torch__.ops.prepend.backward_virtual(torch.zeros_like(i[1]), both))
            """),
        activation("silu"),
        activation("gelu"),
        activation("gelu_tanh"),
        activation("relu"),
        activation("tanh"),
        new Operation(
            "layer_norm",
            new long[][] {{5, 6}, {6}, {6}},
            "y, m, r, = __torch__.ops.layer_norm.forward(i[0], i[1], i[2], 0.01)",
            "y = __torch__.ops.layer_norm.reference(i[0], i[1], i[2], 0.01)",
            """
            y, m, r, = __torch__.ops.layer_norm.forward(i[0], i[1], i[2], 0.01)
            _1 = torch.append(d, __torch__.ops.layer_norm.backward_input(g, i[0], i[1], m, r))
            _2 = torch.append(d, __torch__.ops.layer_norm.backward_weight(torch.zeros_like(i[1]), g, i[0], m, r))
            _3 = torch.append(d, __torch__.ops.linear.backward_bias(torch.zeros_like(i[2]), g))
            """),
        new Operation(
            "multiply",
            new long[][] {{5, 6}, {6, 1}},
            "y = __torch__.ops.multiply.forward(i[0], i[1])",
            "y = torch.mul(i[0], torch.view(i[1], [6]))",
            """
            _1 = torch.append(d, __torch__.ops.multiply.forward(g, i[1]))
            _2 = torch.append(d, __torch__.ops.multiply.backward_factor(torch.zeros_like(i[1]), g, i[0]))
            """),
        new Operation(
            "slice of groups",
            new long[][] {{5, 12}},
            "y = __torch__.ops.slice.forward(i[0], 2, 1, 3)",
            "y = __torch__.ops.slice.forward(i[0], 2, 1, 3)",
            "_1 = torch.append(d, __torch__.ops.slice.backward(None, g, 12, 2, 1))\n"),
        new Operation(
            "pick",
            new long[][] {{7, 3}},
            "y = torch.index_select(i[0], 0, o[3])",
            "y = torch.index_select(i[0], 0, o[3])",
            "_1 = torch.append(d, __torch__.ops.pick.backward(g, o[3], 7))\n"),
        new Operation(
            "embedding",
            new long[][] {{7, 3}},
            "y = __torch__.ops.embedding.forward(o[2], i[0])",
            "y = torch.embedding(i[0], o[2])",
            "_1 = torch.append(d, __torch__.ops.embedding.backward_weight(torch.zeros_like(i[0]),"
                + " g, o[2]))\n"),
        tokenLogp("token_logp in chunks", "0., 0."),
        tokenLogp("token_logp with label smoothing", "0., 0.1"),
        tokenLogp("token_logp of capped logits", "1.5, 0.1"),
        new Operation(
            "distance of factors from orthogonal ones",
            new long[][] {{2, 5}, {4, 2}},
            "y = torch.reshape(__torch__.adapters.rank_allocation.orthogonality([i[0]], [i[1]],"
                + " [torch.zeros_like(i[0])], [torch.zeros_like(i[1])], 0.25), [1])",
            "y = torch.reshape(torch.mul(torch.add(torch.linalg_vector_norm(torch.sub(torch.mm(i[0],"
                + " torch.t(i[0])), o[5])),"
                + " torch.linalg_vector_norm(torch.sub(torch.mm(torch.t(i[1]), i[1]), o[5]))),"
                + " 0.25), [1])",
            """
            da = torch.zeros_like(i[0])
            db = torch.zeros_like(i[1])
            _1 = __torch__.adapters.rank_allocation.orthogonality([i[0]], [i[1]], [da], [db], 0.25)
            _2 = torch.append(d, torch.mul(da, g))
            _3 = torch.append(d, torch.mul(db, g))
            """),
        new Operation(
            "lengths of DoRA",
            new long[][] {{5, 4}, {4}},
            "y = __torch__.adapters.dora.forward(i[0], i[1], torch.full_like(i[1], 2.))",
            "y = torch.mul(i[0], torch.mul(i[1], 0.5))",
            """
            n = torch.full_like(i[1], 2.)
            _1 = torch.append(d, __torch__.adapters.dora.forward(g, i[1], n))
            _2 = torch.append(d, __torch__.adapters.dora.backward_magnitude(torch.zeros_like(i[1]), g, i[0], n))
            """),
        new Operation(
            "rows of a table that train",
            new long[][] {{2, 3}},
            "y = __torch__.ops.embedding.rows_reference(torch.zeros([4, 3], dtype=7, layout=None,"
                + " device=ops.prim.device(i[0]), pin_memory=None), o[2], i[0],"
                + " torch.clamp(torch.arange(7, dtype=4, layout=None, device=ops.prim.device(i[0]),"
                + " pin_memory=None), None, 2))",
            "y = torch.mul(torch.index_select(torch.cat([i[0], torch.zeros([5, 3], dtype=7,"
                + " layout=None, device=ops.prim.device(i[0]), pin_memory=None)]), 0, o[2]), 1)",
            "_1 = torch.append(d, __torch__.ops.embedding.rows_backward(torch.zeros_like(i[0]), g,"
                + " o[2], torch.clamp(torch.arange(7, dtype=4, layout=None,"
                + " device=ops.prim.device(i[0]), pin_memory=None), None, 2)))\n"),
        new Operation(
            "low_rank beside a table",
            new long[][] {{4, 4}, {2, 7}, {4, 2}},
            "y, u, = __torch__.adapters.low_rank.embed(torch.clone(i[0]), o[2], i[1], i[2], 0.5)",
            "y = __torch__.adapters.low_rank.embed_reference(i[0], o[2], i[1], i[2], 0.5)",
            """
            y, u, = __torch__.adapters.low_rank.embed(torch.clone(i[0]), o[2], i[1], i[2], 0.5)
            da = torch.zeros_like(i[1])
            db = torch.zeros_like(i[2])
            _0 = __torch__.adapters.low_rank.embed_backward(g, o[2], u, i[2], 0.5, da, db)
            _1 = torch.append(d, g)
            _2 = torch.append(d, da)
            _3 = torch.append(d, db)
            """),
        new Operation(
            "low_rank",
            new long[][] {{5, 4}, {5, 3}, {2, 3}, {4, 2}, {1, 3}},
            "y = __torch__.adapters.low_rank.added(torch.clone(i[0]),"
                + " __torch__.adapters.low_rank.project(i[1], [i[4], i[2]]), 1, i[3], 0.5)",
            "y = __torch__.adapters.low_rank.added_reference(i[0],"
                + " __torch__.adapters.low_rank.project_reference(i[1], [i[4], i[2]]), 1, i[3],"
                + " 0.5)",
            """
            low = __torch__.adapters.low_rank.project(i[1], [i[4], i[2]])
            da = torch.zeros_like(i[2])
            db = torch.zeros_like(i[3])
            other = torch.zeros_like(i[4])
            _0 = __torch__.adapters.low_rank.backward_b(__torch__.ops.dtype.wide(g), low, 1, 0.5, db)
            v = __torch__.adapters.low_rank.backward_low(None, __torch__.ops.dtype.wide(g), low, 1, i[3], 0.5)
            _1 = __torch__.adapters.low_rank.backward_a(v, i[1], [other, da])
            _2 = torch.append(d, g)
            _3 = torch.append(d, __torch__.adapters.low_rank.backward_input(None, v, [i[4], i[2]], ops.prim.dtype(i[1])))
            _4 = torch.append(d, da)
            _5 = torch.append(d, db)
            _6 = torch.append(d, other)
            """));
  }

  private static Operation activation(String name) {
    return new Operation(
        name,
        new long[][] {{5, 6}},
        "y = __torch__.ops.activation.%s(i[0])".formatted(name),
        "y = __torch__.ops.activation.%s_reference(i[0])".formatted(name),
        "_1 = torch.append(d, __torch__.ops.activation.%s_backward(torch.clone(g), i[0]))\n"
            .formatted(name));
  }

  private static Operation tokenLogp(String name, String options) {
    return new Operation(
        name,
        new long[][] {{4, 3}, {7, 3}},
        "y, best, = __torch__.ops.token_logp.forward(i[0], i[1], o[2], 3, 4, %s)"
            .formatted(options),
        "y = __torch__.ops.token_logp.reference(i[0], i[1], o[2], %s)".formatted(options),
        """
        dw = torch.zeros_like(i[1])
        y, best, dh, = __torch__.ops.token_logp.backward(i[0], i[1], o[2], g, 3, 4, %s, dw, None)
        _1 = torch.append(d, dh)
        _2 = torch.append(d, dw)
        """
            .formatted(options));
  }

  private static TokenLayout rows() {
    return LaidOut.rows(false, 3, 1, 2);
  }

  /** Six tokens of three rows: the first two begin alike, and the third is the first one again. */
  private static TokenLayout tree() {
    return LaidOut.tree(1, new int[][] {{1, 2, 3, 4}, {1, 2, 5, 6}, {1, 2, 3, 4}});
  }

  private static Operation attention(
      String name, TokenLayout layout, int window, int most, double softcap) {
    return attention(name, LaidOut.of(layout, 0, window, most, FIRST), window, softcap);
  }

  private static Operation sequences(
      String name, TokenLayout layout, int window, Attention kernel) {
    return attention(name, LaidOut.of(layout, 0, window, kernel, false, FIRST), window, 0);
  }

  private static Operation toBothSides(String name, Attention kernel) {
    return attention(name, LaidOut.of(LaidOut.rows(true, 4, 2), 0, 0, kernel, true, FIRST), 0, 0);
  }

  private static Operation attention(String name, LaidOut of, int window, double softcap) {
    return new Operation(
        name,
        new long[][] {{6, 16}, {6, 8}, {6, 8}},
        forward("None", of, softcap),
        reference("None", of, window, softcap),
        forward("None", of, softcap).replace("y,", "y0,")
            + """

            dq, dk, dv, = __torch__.ops.attention.backward(g, a, p, None, %s, 0.5, %s, o, 0., None)
            _1 = torch.append(d, dq)
            _2 = torch.append(d, dk)
            _3 = torch.append(d, dv)
            """
                .formatted(of.text(), softcap),
        of);
  }

  private static Operation prefixed(
      String name, TokenLayout layout, int window, int most, double softcap) {
    return behindPrefix(name, LaidOut.of(layout, 2, window, most, FIRST), window, softcap);
  }

  private static Operation behindPrefix(
      String name, TokenLayout layout, int window, Attention kernel) {
    return behindPrefix(name, LaidOut.of(layout, 2, window, kernel, false, FIRST), window, 0);
  }

  /** Two keys and values in front of those of the rows. */
  private static Operation behindPrefix(String name, LaidOut of, int window, double softcap) {
    return new Operation(
        name,
        new long[][] {{6, 16}, {6, 8}, {6, 8}, {2, 16}},
        forward("i[3]", of, softcap),
        reference("i[3]", of, window, softcap),
        forward("i[3]", of, softcap).replace("y,", "y0,")
            + """

            dp = torch.ones_like(i[3])
            dq, dk, dv, = __torch__.ops.attention.backward(g, a, p, dp, %s, 0.5, %s, o, 0., None)
            _1 = torch.append(d, dq)
            _2 = torch.append(d, dk)
            _3 = torch.append(d, dv)
            _4 = torch.append(d, torch.sub(dp, 1))
            """
                .formatted(of.text(), softcap),
        of);
  }

  private static String forward(String prefix, LaidOut of, double softcap) {
    return "y, a, p, = __torch__.ops.attention.forward(i[0], i[1], i[2], %s, 2, 4, %s, 0.5, %s, o, 0., None)"
        .formatted(prefix, of.text(), softcap);
  }

  private static String reference(String prefix, LaidOut of, int window, double softcap) {
    return "y = __torch__.ops.attention.reference(i[0], i[1], i[2], %s, 2, 4, %s, 0.5, %s, o[%d], %d, 0.)"
        .formatted(prefix, of.text(), softcap, FIRST, window);
  }

  /** What operations read beside their inputs. */
  PtNDArray[] others(Tensors tensors) {
    PtNDArray[] all = {
      tensors.random(6, 2),
      tensors.random(6, 2),
      tensors.indices(2, 0, 2, 6),
      tensors.indices(2, 0, 5),
      tensors.indices(0, 1, 2, 3, 4, 0, 1, 5, 6, 7),
      tensors.identity(2)
    };
    if (laidOut == null) return all;
    return Stream.of(all, laidOut.tensors(tensors.manager()))
        .flatMap(Stream::of)
        .toArray(PtNDArray[]::new);
  }

  /**
   * A module's methods {@code forward}, {@code reference}, {@code backward} and {@code autograd}.
   */
  String program() {
    String lists = "self: __torch__.Model,\n    i: List[Tensor],\n    o: List[Tensor]";
    return """
      def forward(%1$s) -> Tensor:
        %2$s
        return y
      def reference(%1$s) -> Tensor:
        %3$s
        return y
      def backward(%1$s,
        g: Tensor) -> List[Tensor]:
        d = annotate(List[Tensor], [])
    %4$s    return d
      def autograd(%1$s,
        g: Tensor) -> List[Tensor]:
        _0 = torch.set_grad_enabled(True)
        leaves = annotate(List[Tensor], [])
        for n in range(torch.len(i)):
          _1 = torch.append(leaves, torch.requires_grad_(torch.detach(i[n]), True))
        y = (self).reference(leaves, o, )
        d = torch.autograd.grad([y], leaves, annotate(List[Optional[Tensor]], [g]), False, False, False)
        _2 = torch.set_grad_enabled(False)
        r = annotate(List[Tensor], [])
        for m in range(torch.len(d)):
          _3 = torch.append(r, unchecked_cast(Tensor, d[m]))
        return r
    """
        .formatted(lists, forward, reference, backward.indent(4));
  }
}
