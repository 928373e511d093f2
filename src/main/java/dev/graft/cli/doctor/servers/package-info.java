/**
 * Checks of what listens and what is asked: the port of the API, the server that the client
 * commands on this machine ask, and the one that a worker here would work for. No work is taken and
 * no token renewed.
 */
@NullMarked
package dev.graft.cli.doctor.servers;

import org.jspecify.annotations.NullMarked;
