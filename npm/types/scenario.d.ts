// Made by `npm run types` from what `dlab schema` prints.

/**
 * One workload, one storm, the contenders that meet it, and what must come of it.
 */
export interface Scenario {
    /**
     * What happens, in a sentence or two.
     */
    about?: string;
    /**
     * What the broker keeps, and for how long.
     */
    broker?: {
        /**
         * Most connections that wait to be accepted.
         */
        accept_queue?: number;
        /**
         * Over udp: how long an unanswered frame waits before broker or client sends it again; the next waits are twice as long each, up to 1s.
         */
        ack_timeout?: string;
        /**
         * What each queue keeps (catch-up only).
         */
        backlog?: {
            /**
             * How long a message is kept.
             */
            age?: string;
            /**
             * Most bytes: names and payloads.
             */
            bytes?: number;
            /**
             * Most messages.
             */
            messages?: number;
            /**
             * Most unacknowledged messages of one subscription: a newer one is not kept for it.
             */
            per_subscription?: number;
            /**
             * What happens to a message that does not fit: the oldest goes, or it is refused.
             */
            when_full?: 'drop-oldest' | 'refuse';
        };
        /**
         * Sessions that it ends; those clients stay away.
         *
         * @minItems 0
         * @maxItems 1000
         *
         * Items: Sessions that the application on the broker's side ends, with a goodbye.
         */
        disconnect?: {
            /**
             * When.
             */
            at: string;
            /**
             * Of which queue.
             */
            queue: string;
            /**
             * The rooms whose members are meant, a client by its own name; none is everybody in the queue.
             *
             * @minItems 0
             * @maxItems 1000
             */
            to?: string[];
        }[];
        /**
         * How a session is found dead.
         */
        heartbeat?: {
            /**
             * Time between two pings.
             */
            every?: string;
            /**
             * How long an answer may take.
             */
            timeout?: string;
        };
        /**
         * Rooms that it makes clients join.
         *
         * @minItems 0
         * @maxItems 1000
         *
         * Items: A room that the application on the broker's side makes clients join or leave.
         */
        join?: {
            /**
             * When.
             */
            at: string;
            /**
             * Of which queue.
             */
            queue: string;
            /**
             * Which room.
             */
            room: string;
            /**
             * The rooms whose members are meant, a client by its own name; none is everybody in the queue.
             *
             * @minItems 0
             * @maxItems 1000
             */
            to?: string[];
        }[];
        /**
         * TCP's keep-alive on its sockets; without this key, as usual, they have none.
         */
        keep_alive?: {
            /**
             * Silence before the first probe.
             */
            after?: string;
            /**
             * Time between two probes.
             */
            every?: string;
            /**
             * Probes without an answer after which the connection is reset.
             */
            probes?: number;
        };
        /**
         * Rooms that it makes clients leave.
         *
         * @minItems 0
         * @maxItems 1000
         *
         * Items: A room that the application on the broker's side makes clients join or leave.
         */
        leave?: {
            /**
             * When.
             */
            at: string;
            /**
             * Of which queue.
             */
            queue: string;
            /**
             * Which room.
             */
            room: string;
            /**
             * The rooms whose members are meant, a client by its own name; none is everybody in the queue.
             *
             * @minItems 0
             * @maxItems 1000
             */
            to?: string[];
        }[];
        /**
         * Queues in which it publishes who came (`connected`) and who left (`disconnected`).
         *
         * @minItems 0
         * @maxItems 1000
         */
        presence?: string[];
        /**
         * What the application on its side publishes.
         *
         * @minItems 0
         * @maxItems 1000
         *
         * Items: Something that the application on the broker's side publishes, as `broker`. It has no way to the broker, so that it is never lost before it.
         */
        publish?: {
            /**
             * How long it waits for answers of those that it goes to; they are counted.
             */
            ack_within?: string;
            /**
             * With `on`: how long after.
             */
            after?: string;
            /**
             * How many.
             */
            count?: number;
            /**
             * With `base64` the payload is bytes, and the text of `payload` their base64.
             */
            encoding?: 'json' | 'base64';
            /**
             * What happened.
             */
            event: string;
            /**
             * Time between two of them.
             */
            every?: string;
            /**
             * Rooms whose members do not get it.
             *
             * @minItems 0
             * @maxItems 1000
             */
            except?: string[];
            /**
             * Its headers, which the broker only carries.
             */
            headers?: {
                [k: string]: string;
            };
            /**
             * Published each time that a client's message with this event is accepted, instead of by the clock.
             */
            on?: string;
            /**
             * The data that goes with it: any value; dates and times as texts.
             */
            payload?: {
                [k: string]: unknown;
            };
            /**
             * To which queue.
             */
            queue: string;
            /**
             * When the first is published.
             */
            start?: string;
            /**
             * Target rooms; none is the room of the event. A client's name is a room with it alone.
             *
             * @minItems 0
             * @maxItems 1000
             */
            to?: string[];
            /**
             * Whether it is kept nowhere while there is no connection.
             */
            volatile?: boolean;
        }[];
        /**
         * Most bytes that wait for one session beyond its socket.
         */
        send_queue?: number;
        /**
         * How long a client may be without a session: then what is kept for it is discarded, and its subscriptions end (catch-up only).
         */
        session_expiry?: string;
        /**
         * What becomes of a request to go on with WebSocket: a proxy in between may refuse it.
         */
        upgrade?: 'accept' | 'refuse';
        /**
         * Most unacknowledged messages that are out at a time, a subscription.
         */
        window?: number;
    };
    /**
     * Who publishes and subscribes.
     *
     * @minItems 1
     * @maxItems 1000
     *
     * Items: A publisher, a subscriber, or both.
     */
    client: [
        {
            /**
             * When it acknowledges a message; all but the first are there to be broken.
             */
            ack?: 'after-handler' | 'before-handler' | 'never';
            /**
             * How many processes the entry is: `id#1`, `id#2`, …
             */
            count?: number;
            /**
             * Whether it drops copies of what it has read.
             */
            dedup?: boolean;
            /**
             * By which faults and expectations name it.
             */
            id: string;
            /**
             * Most messages read and not yet handled, without the one in the handler.
             */
            inbox?: number;
            /**
             * Rooms that it joins later.
             *
             * @minItems 0
             * @maxItems 1000
             *
             * Items: A room joined or left at a moment.
             */
            join?: {
                /**
                 * When.
                 */
                at: string;
                /**
                 * Of which queue.
                 */
                queue: string;
                /**
                 * Which room.
                 */
                room: string;
            }[];
            /**
             * TCP's keep-alive on its sockets; without this key, as usual, they have none.
             */
            keep_alive?: {
                /**
                 * Silence before the first probe.
                 */
                after?: string;
                /**
                 * Time between two probes.
                 */
                every?: string;
                /**
                 * Probes without an answer after which the connection is reset.
                 */
                probes?: number;
            };
            /**
             * Rooms that it leaves.
             *
             * @minItems 0
             * @maxItems 1000
             *
             * Items: A room joined or left at a moment.
             */
            leave?: {
                /**
                 * When.
                 */
                at: string;
                /**
                 * Of which queue.
                 */
                queue: string;
                /**
                 * Which room.
                 */
                room: string;
            }[];
            /**
             * Which client its process is for the broker. Entries that share one say the same `subscribe`, `join` and `leave`, or none: a client has one set of subscriptions.
             */
            name?: string;
            /**
             * What it does when a newer session of its name has replaced its own.
             */
            on_replaced?: 'stay-away' | 'reconnect';
            /**
             * Most messages published and not yet answered (catch-up only).
             */
            outbox?: number;
            /**
             * What it publishes.
             *
             * @minItems 0
             * @maxItems 1000
             *
             * Items: Something that the client publishes: at times of its own, or in answer to an event.
             */
            publish?: {
                /**
                 * How long it waits for the broker's acknowledgement; without one nothing is resent.
                 */
                ack_within?: string;
                /**
                 * With `on`: how long after.
                 */
                after?: string;
                /**
                 * Whether it goes to all but itself.
                 */
                broadcast?: boolean;
                /**
                 * How many.
                 */
                count?: number;
                /**
                 * With `base64` the payload is bytes, and the text of `payload` their base64.
                 */
                encoding?: 'json' | 'base64';
                /**
                 * What happened.
                 */
                event: string;
                /**
                 * Time between two of them.
                 */
                every?: string;
                /**
                 * Rooms whose members do not get it.
                 *
                 * @minItems 0
                 * @maxItems 1000
                 */
                except?: string[];
                /**
                 * Its headers, which the broker only carries.
                 */
                headers?: {
                    [k: string]: string;
                };
                /**
                 * Published each time that it has handled this event, instead of by the clock.
                 */
                on?: string;
                /**
                 * The data that goes with it: any value; dates and times as texts.
                 */
                payload?: {
                    [k: string]: unknown;
                };
                /**
                 * To which queue.
                 */
                queue: string;
                /**
                 * When the first is published.
                 */
                start?: string;
                /**
                 * Target rooms; none is the room of the event. A client's name is a room with it alone.
                 *
                 * @minItems 0
                 * @maxItems 1000
                 */
                to?: string[];
                /**
                 * Whether it is kept nowhere while there is no connection.
                 */
                volatile?: boolean;
            }[];
            /**
             * Whether it subscribes again on each new session; if not, a reconnection deafens it.
             */
            resubscribe?: boolean;
            /**
             * What it subscribes to when it starts.
             *
             * @minItems 0
             * @maxItems 1000
             *
             * Items: An event of a queue: the client joins the room of that name.
             */
            subscribe?: {
                /**
                 * Which event, which is the room.
                 */
                event: string;
                /**
                 * Where it begins: with what comes, or with the oldest message kept (catch-up only).
                 */
                from?: 'now' | 'start';
                /**
                 * Of which queue.
                 */
                queue: string;
            }[];
            /**
             * What the broker publishes if its session ends without a goodbye.
             */
            will?: {
                /**
                 * With `base64` the payload is bytes, and the text of `payload` their base64.
                 */
                encoding?: 'json' | 'base64';
                /**
                 * What happened.
                 */
                event: string;
                /**
                 * Rooms whose members do not get it.
                 *
                 * @minItems 0
                 * @maxItems 1000
                 */
                except?: string[];
                /**
                 * Its headers, which the broker only carries.
                 */
                headers?: {
                    [k: string]: string;
                };
                /**
                 * The data that goes with it: any value; dates and times as texts.
                 */
                payload?: {
                    [k: string]: unknown;
                };
                /**
                 * To which queue.
                 */
                queue: string;
                /**
                 * Target rooms; none is the room of the event. A client's name is a room with it alone.
                 *
                 * @minItems 0
                 * @maxItems 1000
                 */
                to?: string[];
                /**
                 * Whether it is kept nowhere while there is no connection.
                 */
                volatile?: boolean;
            };
        },
        ...{
            /**
             * When it acknowledges a message; all but the first are there to be broken.
             */
            ack?: 'after-handler' | 'before-handler' | 'never';
            /**
             * How many processes the entry is: `id#1`, `id#2`, …
             */
            count?: number;
            /**
             * Whether it drops copies of what it has read.
             */
            dedup?: boolean;
            /**
             * By which faults and expectations name it.
             */
            id: string;
            /**
             * Most messages read and not yet handled, without the one in the handler.
             */
            inbox?: number;
            /**
             * Rooms that it joins later.
             *
             * @minItems 0
             * @maxItems 1000
             *
             * Items: A room joined or left at a moment.
             */
            join?: {
                /**
                 * When.
                 */
                at: string;
                /**
                 * Of which queue.
                 */
                queue: string;
                /**
                 * Which room.
                 */
                room: string;
            }[];
            /**
             * TCP's keep-alive on its sockets; without this key, as usual, they have none.
             */
            keep_alive?: {
                /**
                 * Silence before the first probe.
                 */
                after?: string;
                /**
                 * Time between two probes.
                 */
                every?: string;
                /**
                 * Probes without an answer after which the connection is reset.
                 */
                probes?: number;
            };
            /**
             * Rooms that it leaves.
             *
             * @minItems 0
             * @maxItems 1000
             *
             * Items: A room joined or left at a moment.
             */
            leave?: {
                /**
                 * When.
                 */
                at: string;
                /**
                 * Of which queue.
                 */
                queue: string;
                /**
                 * Which room.
                 */
                room: string;
            }[];
            /**
             * Which client its process is for the broker. Entries that share one say the same `subscribe`, `join` and `leave`, or none: a client has one set of subscriptions.
             */
            name?: string;
            /**
             * What it does when a newer session of its name has replaced its own.
             */
            on_replaced?: 'stay-away' | 'reconnect';
            /**
             * Most messages published and not yet answered (catch-up only).
             */
            outbox?: number;
            /**
             * What it publishes.
             *
             * @minItems 0
             * @maxItems 1000
             *
             * Items: Something that the client publishes: at times of its own, or in answer to an event.
             */
            publish?: {
                /**
                 * How long it waits for the broker's acknowledgement; without one nothing is resent.
                 */
                ack_within?: string;
                /**
                 * With `on`: how long after.
                 */
                after?: string;
                /**
                 * Whether it goes to all but itself.
                 */
                broadcast?: boolean;
                /**
                 * How many.
                 */
                count?: number;
                /**
                 * With `base64` the payload is bytes, and the text of `payload` their base64.
                 */
                encoding?: 'json' | 'base64';
                /**
                 * What happened.
                 */
                event: string;
                /**
                 * Time between two of them.
                 */
                every?: string;
                /**
                 * Rooms whose members do not get it.
                 *
                 * @minItems 0
                 * @maxItems 1000
                 */
                except?: string[];
                /**
                 * Its headers, which the broker only carries.
                 */
                headers?: {
                    [k: string]: string;
                };
                /**
                 * Published each time that it has handled this event, instead of by the clock.
                 */
                on?: string;
                /**
                 * The data that goes with it: any value; dates and times as texts.
                 */
                payload?: {
                    [k: string]: unknown;
                };
                /**
                 * To which queue.
                 */
                queue: string;
                /**
                 * When the first is published.
                 */
                start?: string;
                /**
                 * Target rooms; none is the room of the event. A client's name is a room with it alone.
                 *
                 * @minItems 0
                 * @maxItems 1000
                 */
                to?: string[];
                /**
                 * Whether it is kept nowhere while there is no connection.
                 */
                volatile?: boolean;
            }[];
            /**
             * Whether it subscribes again on each new session; if not, a reconnection deafens it.
             */
            resubscribe?: boolean;
            /**
             * What it subscribes to when it starts.
             *
             * @minItems 0
             * @maxItems 1000
             *
             * Items: An event of a queue: the client joins the room of that name.
             */
            subscribe?: {
                /**
                 * Which event, which is the room.
                 */
                event: string;
                /**
                 * Where it begins: with what comes, or with the oldest message kept (catch-up only).
                 */
                from?: 'now' | 'start';
                /**
                 * Of which queue.
                 */
                queue: string;
            }[];
            /**
             * What the broker publishes if its session ends without a goodbye.
             */
            will?: {
                /**
                 * With `base64` the payload is bytes, and the text of `payload` their base64.
                 */
                encoding?: 'json' | 'base64';
                /**
                 * What happened.
                 */
                event: string;
                /**
                 * Rooms whose members do not get it.
                 *
                 * @minItems 0
                 * @maxItems 1000
                 */
                except?: string[];
                /**
                 * Its headers, which the broker only carries.
                 */
                headers?: {
                    [k: string]: string;
                };
                /**
                 * The data that goes with it: any value; dates and times as texts.
                 */
                payload?: {
                    [k: string]: unknown;
                };
                /**
                 * To which queue.
                 */
                queue: string;
                /**
                 * Target rooms; none is the room of the event. A client's name is a room with it alone.
                 *
                 * @minItems 0
                 * @maxItems 1000
                 */
                to?: string[];
                /**
                 * Whether it is kept nowhere while there is no connection.
                 */
                volatile?: boolean;
            };
        }[]
    ];
    /**
     * The rows of the report, in this order.
     *
     * @minItems 1
     */
    contenders?: [
        (
            | 'udp/fire-and-forget'
            | 'udp/catch-up'
            | 'tcp/fire-and-forget'
            | 'tcp/catch-up'
            | 'websocket/fire-and-forget'
            | 'websocket/catch-up'
            | 'polling/fire-and-forget'
            | 'polling/catch-up'
            | 'long-polling/fire-and-forget'
            | 'long-polling/catch-up'
            | 'sse/fire-and-forget'
            | 'sse/catch-up'
            | 'socketio/fire-and-forget'
            | 'socketio/catch-up'
        ),
        ...(
            | 'udp/fire-and-forget'
            | 'udp/catch-up'
            | 'tcp/fire-and-forget'
            | 'tcp/catch-up'
            | 'websocket/fire-and-forget'
            | 'websocket/catch-up'
            | 'polling/fire-and-forget'
            | 'polling/catch-up'
            | 'long-polling/fire-and-forget'
            | 'long-polling/catch-up'
            | 'sse/fire-and-forget'
            | 'sse/catch-up'
            | 'socketio/fire-and-forget'
            | 'socketio/catch-up'
        )[]
    ];
    /**
     * What must come of it.
     *
     * @minItems 0
     * @maxItems 1000
     *
     * Items: What must come of it. An entry may name several counters; each is checked. A counter is a number or a range `"A..B"`, `"A.."`, `"..B"`, both ends included.
     */
    expect?: {
        /**
         * A pattern that must have been seen.
         */
        anomaly?:
            | 'duplicate'
            | 'order-broken'
            | 'silent-loss'
            | 'lost-after-ack'
            | 'not-wanted'
            | 'position-moved-back'
            | 'two-sessions'
            | 'delivered-after-end'
            | 'foreign-epoch'
            | 'stalled'
            | 'poison'
            | 'late-detection'
            | 'false-comfort'
            | 'false-alarm';
        /**
         * Answers that the broker asked for.
         */
        answers_asked?: number | string;
        /**
         * Those of them that came in time.
         */
        answers_in_time?: number | string;
        /**
         * Most bytes of messages that the broker held at a time.
         */
        broker_peak_bytes?: number | string;
        /**
         * Most messages that the broker held at a time.
         */
        broker_peak_messages?: number | string;
        /**
         * Their IP bytes.
         */
        bytes?: number | string;
        /**
         * Handled from a replay or a redelivery.
         */
        caught_up?: number | string;
        /**
         * With `missed`: counts this cause alone.
         */
        cause?:
            | 'lost-before-broker'
            | 'refused'
            | 'too-long'
            | 'transport-busy'
            | 'not-connected'
            | 'not-joined'
            | 'dropped-in-network'
            | 'sent-into-dead-link'
            | 'died-in-socket'
            | 'overflowed'
            | 'overwritten'
            | 'no-handler'
            | 'died-in-client'
            | 'lost-after-ack'
            | 'evicted'
            | 'expired'
            | 'wrong-epoch'
            | 'skipped'
            | 'broker-crashed'
            | 'unsettled';
        /**
         * With `guarantee`: what became of the claim.
         */
        claim?: 'broken' | 'outside-terms' | 'open' | 'kept' | 'not-claimed';
        /**
         * Which subscriber.
         */
        client?: string;
        /**
         * Most messages that one client held at a time.
         */
        client_peak_messages?: number | string;
        /**
         * Open TCP connections × time, where they were opened to.
         */
        connection_ms?: number | string;
        /**
         * Which row.
         */
        contender?:
            | 'udp/fire-and-forget'
            | 'udp/catch-up'
            | 'tcp/fire-and-forget'
            | 'tcp/catch-up'
            | 'websocket/fire-and-forget'
            | 'websocket/catch-up'
            | 'polling/fire-and-forget'
            | 'polling/catch-up'
            | 'long-polling/fire-and-forget'
            | 'long-polling/catch-up'
            | 'sse/fire-and-forget'
            | 'sse/catch-up'
            | 'socketio/fire-and-forget'
            | 'socketio/catch-up';
        /**
         * Gaps that it was told of.
         */
        gaps_announced?: number | string;
        /**
         * With `verdict` or `claim`: which.
         */
        guarantee?:
            'at-most-once' | 'at-least-once' | 'exactly-once' | 'in-order' | 'no-silent-gap';
        /**
         * Handlings beyond the first.
         */
        handled_again?: number | string;
        /**
         * TCP handshakes that were complete at the host that was called.
         */
        handshakes?: number | string;
        /**
         * Requests over HTTP whose answer was kept back × time.
         */
        held_request_ms?: number | string;
        /**
         * Handler calls cut short by a crash.
         */
        interrupted?: number | string;
        /**
         * Handled from a first sending.
         */
        live?: number | string;
        /**
         * Lower median of the times from publish to answer.
         */
        median_answer_ms?: number | string;
        /**
         * Lower median of these times.
         */
        median_delay_ms?: number | string;
        /**
         * Not handled.
         */
        missed?: number | string;
        /**
         * Handled but not wanted.
         */
        not_wanted?: number | string;
        /**
         * First handlings below a sequence already handled.
         */
        out_of_order?: number | string;
        /**
         * IP packets of all hosts.
         */
        packets?: number | string;
        /**
         * Bytes of payloads that were carried and not lost.
         */
        payload_bytes?: number | string;
        /**
         * Messages published by all publishers.
         */
        published?: number | string;
        /**
         * Whether what it was told at each recovery was true.
         */
        recoveries?: {
            /**
             * Told that something is lost, and nothing was.
             */
            false_alarm?: number | string;
            /**
             * Told that all is well, and something was missing.
             */
            false_comfort?: number | string;
            /**
             * Told that something is lost, and it was.
             */
            honest_failure?: number | string;
            /**
             * Told that all is well, and it was.
             */
            honest_success?: number | string;
        };
        /**
         * TCP segments that carried bytes for a second time.
         */
        retransmits?: number | string;
        /**
         * With `guarantee`: the plain truth.
         */
        verdict?: 'holds' | 'violated' | 'unknown';
        /**
         * Messages that it wanted: live, caught up and missed.
         */
        wanted?: number | string;
        /**
         * Longest of these times.
         */
        worst_answer_ms?: number | string;
        /**
         * Longest time from publish to handled.
         */
        worst_delay_ms?: number | string;
    }[];
    /**
     * What goes wrong, for whom, from when to when.
     *
     * @minItems 0
     * @maxItems 1000
     *
     * Items: One injected trouble. A packet in flight when it begins still arrives.
     */
    fault?: (
        | {
              /**
               * When it begins.
               */
              at: string;
              /**
               * How long it lasts; `reset` happens at once.
               */
              for?: string;
              kind: 'disconnect';
              /**
               * A client id, `id#3` for one of many, a list, `"broker"` (all its links), or `"everyone"` (all clients).
               */
              who: string | [string, ...string[]];
          }
        | {
              /**
               * When it begins.
               */
              at: string;
              /**
               * Only packets towards `who`, or only those from it.
               */
              direction?: 'in' | 'out';
              /**
               * How long it lasts; `reset` happens at once.
               */
              for?: string;
              kind: 'cut';
              /**
               * A client id, `id#3` for one of many, a list, `"broker"` (all its links), or `"everyone"` (all clients).
               */
              who: string | [string, ...string[]];
          }
        | {
              /**
               * When it begins.
               */
              at: string;
              /**
               * How long it lasts; `reset` happens at once.
               */
              for?: string;
              /**
               * Those who still reach each other: client ids, `id#3`, `"broker"`.
               *
               * @minItems 2
               */
              groups: [[string, ...string[]], [string, ...string[]], ...[string, ...string[]][]];
              kind: 'partition';
          }
        | {
              /**
               * How long a flow is quiet before the middlebox, which is right beside `who`, has forgotten it. No silence counts from before the fault began.
               */
              after: string;
              /**
               * When it begins.
               */
              at: string;
              /**
               * How long it lasts; `reset` happens at once.
               */
              for?: string;
              kind: 'idle-timeout';
              /**
               * A client id, `id#3` for one of many, a list, `"broker"` (all its links), or `"everyone"` (all clients).
               */
              who: string | [string, ...string[]];
          }
        | {
              /**
               * When it begins.
               */
              at: string;
              /**
               * Only packets towards `who`, or only those from it.
               */
              direction?: 'in' | 'out';
              /**
               * How long it lasts; `reset` happens at once.
               */
              for?: string;
              kind: 'loss';
              /**
               * Probability, for each packet.
               */
              rate: number;
              /**
               * A client id, `id#3` for one of many, a list, `"broker"` (all its links), or `"everyone"` (all clients).
               */
              who: string | [string, ...string[]];
          }
        | {
              /**
               * When it begins.
               */
              at: string;
              /**
               * Only packets towards `who`, or only those from it.
               */
              direction?: 'in' | 'out';
              /**
               * How long it lasts; `reset` happens at once.
               */
              for?: string;
              kind: 'duplicate';
              /**
               * Probability, for each packet.
               */
              rate: number;
              /**
               * A client id, `id#3` for one of many, a list, `"broker"` (all its links), or `"everyone"` (all clients).
               */
              who: string | [string, ...string[]];
          }
        | {
              /**
               * When it begins.
               */
              at: string;
              /**
               * Only packets towards `who`, or only those from it.
               */
              direction?: 'in' | 'out';
              /**
               * How long it lasts; `reset` happens at once.
               */
              for?: string;
              kind: 'corrupt';
              /**
               * Probability, for each packet.
               */
              rate: number;
              /**
               * A client id, `id#3` for one of many, a list, `"broker"` (all its links), or `"everyone"` (all clients).
               */
              who: string | [string, ...string[]];
          }
        | {
              /**
               * When it begins.
               */
              at: string;
              /**
               * For how long it is held back.
               */
              delay: string;
              /**
               * Only packets towards `who`, or only those from it.
               */
              direction?: 'in' | 'out';
              /**
               * How long it lasts; `reset` happens at once.
               */
              for?: string;
              kind: 'reorder';
              /**
               * Probability, for each packet.
               */
              rate: number;
              /**
               * A client id, `id#3` for one of many, a list, `"broker"` (all its links), or `"everyone"` (all clients).
               */
              who: string | [string, ...string[]];
          }
        | {
              /**
               * When it begins.
               */
              at: string;
              /**
               * Only packets towards `who`, or only those from it.
               */
              direction?: 'in' | 'out';
              /**
               * How long it lasts; `reset` happens at once.
               */
              for?: string;
              kind: 'latency';
              /**
               * One way, as at the top.
               */
              latency: string;
              /**
               * A client id, `id#3` for one of many, a list, `"broker"` (all its links), or `"everyone"` (all clients).
               */
              who: string | [string, ...string[]];
          }
        | {
              /**
               * When it begins.
               */
              at: string;
              /**
               * The rate, each way.
               */
              bytes_per_second: number;
              /**
               * Only packets towards `who`, or only those from it.
               */
              direction?: 'in' | 'out';
              /**
               * How long it lasts; `reset` happens at once.
               */
              for?: string;
              kind: 'bandwidth';
              /**
               * How much waits for it; at least one full packet.
               */
              queue_bytes: number;
              /**
               * A client id, `id#3` for one of many, a list, `"broker"` (all its links), or `"everyone"` (all clients).
               */
              who: string | [string, ...string[]];
          }
        | {
              /**
               * When it begins.
               */
              at: string;
              /**
               * How long it lasts; `reset` happens at once.
               */
              for?: string;
              kind: 'crash';
              /**
               * Whether only the process dies, and its kernel closes the sockets.
               */
              notice?: boolean;
              /**
               * A client id, `id#3` for one of many, a list, `"broker"` (all its links), or `"everyone"` (all clients).
               */
              who: string | [string, ...string[]];
          }
        | {
              /**
               * When it begins.
               */
              at: string;
              /**
               * How long it lasts; `reset` happens at once.
               */
              for?: string;
              kind: 'pause';
              /**
               * A client id, `id#3` for one of many, a list, `"broker"` (all its links), or `"everyone"` (all clients).
               */
              who: string | [string, ...string[]];
          }
        | {
              /**
               * When it begins.
               */
              at: string;
              /**
               * How long it lasts; `reset` happens at once.
               */
              for?: string;
              kind: 'freeze';
              /**
               * A client id, `id#3` for one of many, a list, `"broker"` (all its links), or `"everyone"` (all clients).
               */
              who: string | [string, ...string[]];
          }
        | {
              /**
               * When it begins.
               */
              at: string;
              /**
               * How long it lasts; `reset` happens at once.
               */
              for?: string;
              kind: 'reset';
              /**
               * A client id, `id#3` for one of many, a list, `"broker"` (all its links), or `"everyone"` (all clients).
               */
              who: string | [string, ...string[]];
          }
        | {
              /**
               * When it begins.
               */
              at: string;
              /**
               * How long it lasts; `reset` happens at once.
               */
              for?: string;
              /**
               * How long.
               */
              handler: string;
              kind: 'slow';
              /**
               * A client id, `id#3` for one of many, a list, `"broker"` (all its links), or `"everyone"` (all clients).
               */
              who: string | [string, ...string[]];
          }
        | {
              /**
               * When it begins.
               */
              at: string;
              /**
               * For which event.
               */
              event: string;
              /**
               * How long it lasts; `reset` happens at once.
               */
              for?: string;
              kind: 'deaf';
              /**
               * Of which queue.
               */
              queue: string;
              /**
               * A client id, `id#3` for one of many, a list, `"broker"` (all its links), or `"everyone"` (all clients).
               */
              who: string | [string, ...string[]];
          }
    )[];
    /**
     * How clients make requests over HTTP.
     */
    http?: {
        /**
         * Whether a connection is kept for the next request, or closed after each answer.
         */
        connections?: 'kept' | 'one-per-request';
        /**
         * Time within which a request is answered; a long poll may take a ping's interval more.
         */
        timeout?: string;
    };
    /**
     * One way, drawn per packet, first in first out; one duration is fixed.
     */
    latency?: string;
    /**
     * Which machine is broken on purpose, if any.
     */
    mutant?: {
        /**
         * Which one; `none` is the correct machine.
         */
        name?:
            | 'none'
            | 'acknowledge-before-handling'
            | 'acknowledged-unheard'
            | 'close-during-upgrade'
            | 'copy-unanswered'
            | 'dedup-window-of-one'
            | 'delete-before-ack'
            | 'empty-epoch'
            | 'ended-session-delivers'
            | 'half-open'
            | 'handles-as-it-comes'
            | 'hears-itself'
            | 'last-event-id-forgotten'
            | 'late-leave'
            | 'listener-in-connect'
            | 'live-overtakes-replay'
            | 'new-epoch-old-position'
            | 'new-id-on-retry'
            | 'no-dedup'
            | 'no-takeover'
            | 'nothing-is-deleted'
            | 'off-by-one'
            | 'out-of-range-means-latest'
            | 'outbox-forgotten'
            | 'poisoned-position'
            | 'position-before-work'
            | 'quiet-room-trim'
            | 'redelivers-never'
            | 'rooms-come-back'
            | 'second-ack-throws'
            | 'second-resume-replays'
            | 'silent-trim'
            | 'stale-replica'
            | 'stored-for-nobody'
            | 'subscribes-once'
            | 'zero-event-resume';
    };
    /**
     * How clients ask over `polling`.
     */
    polling?: {
        /**
         * Time from one request for messages to the next.
         */
        interval?: string;
    };
    /**
     * How long the trial runs, in simulated time.
     */
    run_for: string;
    /**
     * From which all draws follow: same version, scenario and seed, same bytes.
     */
    seed?: number;
    /**
     * One line that heads the report.
     */
    title: string;
}
