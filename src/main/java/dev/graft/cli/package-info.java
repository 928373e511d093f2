/**
 * The {@code graft} program. {@link dev.graft.cli.GraftCommand} is the main class and the root
 * command; beside it is what the commands share, such as the report of failures.
 *
 * <p>A command that uses only one module lives in that module: client commands in {@link
 * dev.graft.client}, commands on local files in {@link dev.graft.training}. This package has the
 * commands that combine modules, because they start the Spring application, and {@link
 * dev.graft.cli.doctor}. {@code trainer}, {@code exporter}, {@code inferrer} and {@code
 * libtorch-check} are child processes of servers and workers, not commands for people.
 *
 * <p>Commands start fast because a call loads only the command that it names ({@link
 * dev.graft.cli.GraftCommand#commandLine}), and because the launchers give the JVM an AOT cache of
 * the classes that it needs ({@code bin/make-aot-cache}). A missing or outdated cache only makes
 * the start slower.
 *
 * <p>A failing command prints one line on standard error and sets the exit status: 1 failure, 2
 * wrong usage or request, 3 the machine lacks something, in which case the line says how to fix it
 * ({@code FailureReport}). Only results go to standard output.
 */
@NullMarked
package dev.graft.cli;

import org.jspecify.annotations.NullMarked;
