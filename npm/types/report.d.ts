// Made by `npm run types` from what `dlab schema --report` prints.

export interface Report {
    contenders: {
        /**
         * Answers that the broker asked for.
         */
        answers_asked: number;
        /**
         * Those of them that came in time.
         */
        answers_in_time: number;
        cost: {
            broker_peak_bytes: number;
            broker_peak_messages: number;
            bytes: number;
            client_peak_messages: number;
            connection_ms: number;
            handshakes: number;
            held_request_ms: number;
            median_answer_ms: number | null;
            packets: number;
            payload_bytes: number;
            retransmits: number;
            worst_answer_ms: number | null;
        };
        detections: {
            after_ms: number | null;
            by: string | null;
            client: string;
            /**
             * The index in the file, from 0.
             */
            fault: number;
            side: 'broker' | 'client';
        }[];
        ended_at_ms: number;
        faults: {
            /**
             * The index in the file, from 0.
             */
            fault: number;
            hits: number;
        }[];
        guarantees: {
            'at-least-once': {
                claim: 'broken' | 'outside-terms' | 'open' | 'kept' | 'not-claimed';
                verdict: 'holds' | 'violated' | 'unknown';
            };
            'at-most-once': {
                claim: 'broken' | 'outside-terms' | 'open' | 'kept' | 'not-claimed';
                verdict: 'holds' | 'violated' | 'unknown';
            };
            'exactly-once': {
                claim: 'broken' | 'outside-terms' | 'open' | 'kept' | 'not-claimed';
                verdict: 'holds' | 'violated' | 'unknown';
            };
            'in-order': {
                claim: 'broken' | 'outside-terms' | 'open' | 'kept' | 'not-claimed';
                verdict: 'holds' | 'violated' | 'unknown';
            };
            'no-silent-gap': {
                claim: 'broken' | 'outside-terms' | 'open' | 'kept' | 'not-claimed';
                verdict: 'holds' | 'violated' | 'unknown';
            };
        };
        link: 'udp' | 'tcp' | 'websocket' | 'polling' | 'long-polling' | 'sse' | 'socketio';
        mode: 'fire-and-forget' | 'catch-up';
        never_connected?: {
            /**
             * Why its last attempt at a session ended.
             */
            by: string;
            client: string;
            process: string;
        }[];
        published: number;
        replaced?: {
            at_ms: number;
            client: string;
            process: string;
        }[];
        subscribers: {
            anomalies: {
                'delivered-after-end'?: number;
                duplicate?: number;
                'false-alarm'?: number;
                'false-comfort'?: number;
                'foreign-epoch'?: number;
                'late-detection'?: number;
                'lost-after-ack'?: number;
                'not-wanted'?: number;
                'order-broken'?: number;
                poison?: number;
                'position-moved-back'?: number;
                'silent-loss'?: number;
                stalled?: number;
                'two-sessions'?: number;
            };
            /**
             * What its rooms were sent before its subscription stood. It wants none of it.
             */
            before_subscription?: {
                id: string;
                published_ms: number;
            }[];
            caught_up: number;
            causes: {
                'broker-crashed'?: number;
                'died-in-client'?: number;
                'died-in-socket'?: number;
                'dropped-in-network'?: number;
                evicted?: number;
                expired?: number;
                'lost-after-ack'?: number;
                'lost-before-broker'?: number;
                'no-handler'?: number;
                'not-connected'?: number;
                'not-joined'?: number;
                overflowed?: number;
                overwritten?: number;
                refused?: number;
                'sent-into-dead-link'?: number;
                skipped?: number;
                'too-long'?: number;
                'transport-busy'?: number;
                unsettled?: number;
                'wrong-epoch'?: number;
            };
            client: string;
            gaps_announced: number;
            guarantees: {
                'at-least-once': {
                    claim: 'broken' | 'outside-terms' | 'open' | 'kept' | 'not-claimed';
                    evidence: string | null;
                    verdict: 'holds' | 'violated' | 'unknown';
                };
                'at-most-once': {
                    claim: 'broken' | 'outside-terms' | 'open' | 'kept' | 'not-claimed';
                    evidence: string | null;
                    verdict: 'holds' | 'violated' | 'unknown';
                };
                'exactly-once': {
                    claim: 'broken' | 'outside-terms' | 'open' | 'kept' | 'not-claimed';
                    evidence: string | null;
                    verdict: 'holds' | 'violated' | 'unknown';
                };
                'in-order': {
                    claim: 'broken' | 'outside-terms' | 'open' | 'kept' | 'not-claimed';
                    evidence: string | null;
                    verdict: 'holds' | 'violated' | 'unknown';
                };
                'no-silent-gap': {
                    claim: 'broken' | 'outside-terms' | 'open' | 'kept' | 'not-claimed';
                    evidence: string | null;
                    verdict: 'holds' | 'violated' | 'unknown';
                };
            };
            handled_again: number;
            interrupted: number;
            live: number;
            median_delay_ms: number | null;
            messages: {
                cause:
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
                    | 'unsettled'
                    | null;
                event: string;
                handled_ms: number | null;
                id: string;
                outcome: 'live' | 'caught-up' | 'missed';
                published_ms: number;
                queue: string;
            }[];
            missed: number;
            /**
             * Why its last attempt ended, if it never was on record.
             */
            never_subscribed?: string;
            not_wanted: number;
            out_of_order: number;
            recoveries: {
                false_alarm: number;
                false_comfort: number;
                honest_failure: number;
                honest_success: number;
            };
            /**
             * Always live + caught_up + missed.
             */
            wanted: number;
            worst_delay_ms: number | null;
        }[];
    }[];
    expectations: {
        expected: string;
        /**
         * Null if the contender was not run.
         */
        measured: string | null;
        /**
         * Null if the contender was not run.
         */
        met: boolean | null;
    }[];
    mutant?: string;
    prices?: {
        broker_peak_bytes: {
            measured: number | null;
            times_cheapest: number | null;
        };
        broker_peak_messages: {
            measured: number | null;
            times_cheapest: number | null;
        };
        bytes: {
            measured: number | null;
            times_cheapest: number | null;
        };
        client_peak_messages: {
            measured: number | null;
            times_cheapest: number | null;
        };
        connection_ms: {
            measured: number | null;
            times_cheapest: number | null;
        };
        handshakes: {
            measured: number | null;
            times_cheapest: number | null;
        };
        held_request_ms: {
            measured: number | null;
            times_cheapest: number | null;
        };
        link: 'udp' | 'tcp' | 'websocket' | 'polling' | 'long-polling' | 'sse' | 'socketio';
        median_answer_ms: {
            measured: number | null;
            times_cheapest: number | null;
        };
        median_delay_ms: {
            measured: number | null;
            times_cheapest: number | null;
        };
        mode: 'fire-and-forget' | 'catch-up';
        noticed_after_ms: {
            measured: number | null;
            times_cheapest: number | null;
        };
        other_bytes: {
            measured: number | null;
            times_cheapest: number | null;
        };
        packets: {
            measured: number | null;
            times_cheapest: number | null;
        };
        payload_bytes: {
            measured: number | null;
            times_cheapest: number | null;
        };
        retransmits: {
            measured: number | null;
            times_cheapest: number | null;
        };
        worst_answer_ms: {
            measured: number | null;
            times_cheapest: number | null;
        };
        worst_delay_ms: {
            measured: number | null;
            times_cheapest: number | null;
        };
    }[];
    /**
     * The command that gives the same report again.
     */
    replay: string;
    result: 'met' | 'failed' | 'inconclusive' | 'unchecked';
    scenario: string;
    schema: 'delivery-lab/report/2';
    seed: number;
    title: string;
    trace_hash: string;
    version: string;
}
