// Made by `npm run types` from what `dlab schema --check` prints.

export interface Check {
    files: {
        file: string;
        /**
         * None if it is valid.
         */
        problems: {
            help: string | null;
            /**
             * The most important one first.
             */
            places: {
                /**
                 * From 1, in characters.
                 */
                column: number;
                /**
                 * What is expected there.
                 */
                label: string;
                /**
                 * In characters.
                 */
                length: number;
                /**
                 * From 1.
                 */
                line: number;
            }[];
            what: string;
        }[];
        warnings: {
            help: string;
            what: string;
        }[];
    }[];
    schema: 'delivery-lab/check/1';
}
